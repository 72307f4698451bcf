# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What the two containers are: the model server and the agent, on a network of their own.

SERVICES='server agent' # also the names by which they know each other
RUN=$$-$(date +%s)      # labels what this run makes, so that it can undo just that

container_of() {
    echo "airgap-$BUNDLE-$1"
}

python_of() {
    case $1 in
    server) echo "/opt/$SERVER_STACK/bin/python" ;;
    agent) echo "/opt/$AGENT_STACK/bin/python" ;;
    esac
}

# describe_server CALLBACK: calls CALLBACK with the service's name, memory, module and docker options.
describe_server() {
    set -- "$1" server "$SERVER_MEMORY" vllm_server \
        --publish "$SERVER_LISTEN:$SERVER_PORT:8000" --shm-size "$SERVER_SHM" \
        --mount "$(mount_of "$HERE/models/$LLM" "/models/$LLM" readonly)" \
        --env "MODEL_DIR=/models/$LLM" --env "MODEL_NAME=$LLM_NAME" --env "MODEL_ALIASES=$LLM_ALIASES" \
        --env "DEVICE=$DEVICE" --env HOST=0.0.0.0 --env PORT=8000
    [ -z "$MAX_MODEL_LEN" ] || set -- "$@" --env "MAX_MODEL_LEN=$MAX_MODEL_LEN"
    [ -z "$KV_CACHE_MEMORY" ] || set -- "$@" --env "KV_CACHE_MEMORY=$(echo "$KV_CACHE_MEMORY" | tr kmg KMG)"
    [ -z "$GENERATION_CONFIG" ] || set -- "$@" --env "GENERATION_CONFIG=$GENERATION_CONFIG"
    [ -z "$DTYPE" ] || set -- "$@" --env "DTYPE=$DTYPE"
    [ -z "$GPU_MEMORY_UTILIZATION" ] || set -- "$@" --env "GPU_MEMORY_UTILIZATION=$GPU_MEMORY_UTILIZATION"
    [ -z "$SERVER_ARGS" ] || set -- "$@" --env "EXTRA_ARGS=$SERVER_ARGS"
    [ -z "$SERVER_KEY_FILE" ] || set -- "$@" --env API_KEY_FILE=/run/airgap/key \
        --mount "$(mount_of "$SERVER_KEY_FILE" /run/airgap/key readonly)" \
        --label "airgap.key=$(stat -L -c '%s-%Y' "$SERVER_KEY_FILE")"
    with_common "$@"
}

describe_agent() {
    set -- "$1" agent "$AGENT_MEMORY" agent_runner \
        --publish "$AGENT_LISTEN:$AGENT_PORT:7865" \
        --mount "$(mount_of "$HERE/models/$EMBEDDING" "/models/$EMBEDDING" readonly)" \
        --mount "$(mount_of "$HERE/agents/$AGENT" /agent readonly)" \
        --mount "$(mount_of "$STATE_DIR/agent" /state)" \
        --env AGENT_DIR=/agent --env "EMBEDDING_DIR=/models/$EMBEDDING" --env STATE_DIR=/state \
        --env LLM_URL=http://server:8000/v1 --env "LLM_MODEL=$LLM_NAME" --env HOST=0.0.0.0 --env PORT=7865
    [ -z "$SERVER_KEY_FILE" ] || set -- "$@" --env LLM_API_KEY_FILE=/run/airgap/key \
        --mount "$(mount_of "$SERVER_KEY_FILE" /run/airgap/key readonly)" \
        --label "airgap.key=$(stat -L -c '%s-%Y' "$SERVER_KEY_FILE")"
    with_common "$@"
}

# with_common ACTION SERVICE MEMORY MODULE OPTION…: adds what holds for every container and the digest
# of the whole, by which a changed setting is seen, and calls ACTION with SERVICE and docker's arguments.
#   --dns 0.0.0.0: the container itself, where nothing answers; Docker still resolves the services' names.
#   The empty proxies: Docker's client would put its own there, and the containers could not talk.
with_common() {
    action=$1 service=$2 memory=$3 module=$4
    shift 4
    set -- --label "airgap.bundle=$BUNDLE" --label "airgap.service=$service" \
        --network "airgap-$BUNDLE" --network-alias "$service" \
        --dns 0.0.0.0 --dns-search . --dns-option timeout:1 --dns-option attempts:1 \
        --user 1000:1000 --read-only --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777,size=1g \
        --cap-drop ALL --security-opt no-new-privileges --init --pids-limit 8192 --memory "$memory" \
        --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 \
        --env HTTP_PROXY= --env HTTPS_PROXY= --env FTP_PROXY= --env ALL_PROXY= --env 'NO_PROXY=*' \
        --env http_proxy= --env https_proxy= --env ftp_proxy= --env all_proxy= --env 'no_proxy=*' \
        --env HOME=/tmp "$@" --entrypoint "$(python_of "$service")" "$IMAGE" -m "$module"
    sum=$(printf '%s\n' "$IMAGE_ID" "$BUNDLE_DIGEST" "$@" | sha256sum)
    "$action" "$service" "${sum%% *}" "$@"
}

for_each_service() {
    describe_server "$@"
    describe_agent "$@"
}

# remove_if_stale SERVICE DIGEST: unless the container runs with these very settings.
remove_if_stale() {
    case $(docker_ inspect --format '{{.State.Running}} {{index .Config.Labels "airgap.settings"}}' \
        "$(container_of "$1")" 2>/dev/null) in
    "true $2") ;;
    ?*)
        say replacing "$(text "word_$1")"
        docker_ rm -f "$(container_of "$1")" >/dev/null || fail e_remove "$(container_of "$1")"
        ;;
    esac
}

# start_if_absent SERVICE DIGEST ARGUMENT…
start_if_absent() {
    service=$1 digest=$2
    shift 2
    docker_ inspect "$(container_of "$service")" >/dev/null 2>&1 && return
    say starting "$(text "word_$service")"
    answer=$(docker_ create --name "$(container_of "$service")" --label "airgap.settings=$digest" \
        --label "airgap.run=$RUN" "$@" 2>&1) && answer=$(docker_ start "$(container_of "$service")" 2>&1) && return
    case $answer in
    *'already allocated'* | *'address already in use'*) fail_port "$service" ;;
    *) fail e_start "$(text "word_$service")" "$(last_line "$answer")" ;;
    esac
}

# make_network: without masquerading nothing outside can answer the containers; published ports still
# work, which on an --internal network they do not.
make_network() {
    docker_ network inspect "airgap-$BUNDLE" >/dev/null 2>&1 && return
    answer=$(docker_ network create --driver bridge --opt com.docker.network.bridge.enable_ip_masquerade=false \
        --label "airgap.bundle=$BUNDLE" "airgap-$BUNDLE" 2>&1) ||
        fail e_network "airgap-$BUNDLE" "$(last_line "$answer")"
}

# undo_run RUN STATUS: removes the containers that this run made, and the network if nothing of the
# bundle is left on it. After a signal it looks twice, because Docker may still be making what the
# interrupted client asked for.
undo_run() {
    for again in 1 2; do
        containers=$(docker_ ps -aq --filter "label=airgap.run=$1")
        if [ -n "$containers" ]; then
            say undoing >&2
            # shellcheck disable=SC2086
            docker_ rm -f $containers >/dev/null
        fi
        [ -n "$(docker_ ps -aq --filter "label=airgap.bundle=$BUNDLE")" ] ||
            docker_ network rm "airgap-$BUNDLE" >/dev/null 2>&1
        [ "$2" -ge 128 ] && [ "$again" -eq 1 ] || return 0
        sleep 1
    done
}
