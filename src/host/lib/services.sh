# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# What the containers are: on a network of their own, each with a name by which the others know it.
#   server         the model server
#   tls            https before the model server, where the operator has a certificate (tls.sh)
#   agentfabric    AgentFabric's page, where agents are built
#   agent          the agent that the bundle brings
#   agent-NAME     an agent that was published
#   allow          the way to what ALLOW and LLM_URL name, if they name anything

# find_services: sets SERVICES, in the order in which they are started.
find_services() {
    SERVICES=
    [ -z "$ALLOW$LLM_URL" ] || SERVICES='allow'
    [ -n "$LLM_URL" ] || SERVICES="$SERVICES server"
    [ -n "$LLM_URL" ] || [ "$SCHEME" = http ] || SERVICES="$SERVICES tls"
    [ -z "$BUILDER_STACK" ] || SERVICES="$SERVICES agentfabric"
    [ -z "$AGENT" ] || SERVICES="$SERVICES agent"
    find_published
    for name in $PUBLISHED; do
        SERVICES="$SERVICES agent-$name"
    done
    check_ports_differ
}

# is_service SERVICE
is_service() {
    case " $SERVICES " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# name_of SERVICE: as people call it.
name_of() {
    case $1 in
    agent-*) text word_published "${1#agent-}" ;;
    *) text "word_$1" ;;
    esac
}

container_of() {
    echo "airgap-$BUNDLE-$1"
}

python_of() {
    case $1 in
    server) echo "/opt/$SERVER_STACK/bin/python" ;;
    agentfabric) echo "/opt/$BUILDER_STACK/bin/python" ;;
    agent) echo "/opt/$AGENT_STACK/bin/python" ;;
    allow | tls) echo /usr/bin/python3.11 ;;
    agent-*)
        read_published "${1#agent-}"
        case $PUBLISHED_APP in
        runner) echo "/opt/$AGENT_STACK/bin/python" ;;
        *) echo "/opt/$BUILDER_STACK/bin/python" ;;
        esac
        ;;
    esac
}

# The second network sorts before the first: Docker routes what a container on both sends outside by
# the network whose name sorts first.
network_outside() {
    echo "airgap--$BUNDLE-out"
}

# describe_networks ACTION: calls ACTION with each network's name and docker's options.
describe_networks() {
    "$1" "airgap-$BUNDLE" --opt com.docker.network.bridge.enable_ip_masquerade=false
    ! is_service allow || "$1" "$(network_outside)"
}

# describe SERVICE ACTION: calls ACTION with the service's name, digest and docker's arguments.
describe() {
    case $1 in
    server) describe_server "$2" ;;
    agentfabric) describe_builder "$2" ;;
    agent) describe_agent "$2" ;;
    agent-*) describe_published "$2" "${1#agent-}" ;;
    allow) describe_allow "$2" ;;
    tls) describe_tls "$2" ;;
    esac
}

describe_server() {
    set -- "$1" server "$SERVER_MEMORY" --shm-size "$SERVER_SHM" \
        --mount "$(mount_of "$LLM_DIR" "$LLM_AT" readonly)" \
        --env "MODEL_DIR=$LLM_AT" --env "MODEL_NAME=$LLM_NAME" --env "MODEL_ALIASES=$LLM_ALIASES" \
        --env "DEVICE=$DEVICE" --env HOST=0.0.0.0 --env PORT=8000
    [ "$SCHEME" = https ] || set -- "$@" --publish "$SERVER_LISTEN:$SERVER_PORT:8000"
    [ -z "$MAX_MODEL_LEN" ] || set -- "$@" --env "MAX_MODEL_LEN=$MAX_MODEL_LEN"
    [ -z "$KV_CACHE_MEMORY" ] || set -- "$@" --env "KV_CACHE_MEMORY=$(echo "$KV_CACHE_MEMORY" | tr kmg KMG)"
    [ -z "$GENERATION_CONFIG" ] || set -- "$@" --env "GENERATION_CONFIG=$GENERATION_CONFIG"
    [ -z "$DTYPE" ] || set -- "$@" --env "DTYPE=$DTYPE"
    [ -z "$GPU_MEMORY_UTILIZATION" ] || set -- "$@" --env "GPU_MEMORY_UTILIZATION=$GPU_MEMORY_UTILIZATION"
    [ -z "$SERVER_ARGS" ] || set -- "$@" --env "EXTRA_ARGS=$SERVER_ARGS"
    case $DEVICE in
    # What is compiled for the GPUs stays in the state folder, so that the next start is quicker.
    cuda) with_gpus with_key API_KEY_FILE "$@" --mount "$(mount_of "$STATE_DIR/server" /state)" ;;
    *) with_key API_KEY_FILE "$@" ;;
    esac
}

describe_agent() {
    with_agent_common "$1" agent "$AGENT_MEMORY" \
        --publish "$AGENT_LISTEN:$AGENT_PORT:7865" --env PORT=7865 \
        --mount "$(mount_of "$HERE/agents/$AGENT" /agent readonly)" --env AGENT_DIR=/agent \
        --mount "$(mount_of "$STATE_DIR/agent" /state)"
}

describe_builder() {
    set -- "$1" agentfabric "$BUILDER_MEMORY" \
        --publish "$BUILDER_LISTEN:$BUILDER_PORT:7860" --env PORT=7860 \
        --mount "$(mount_of "$STATE_DIR/agentfabric" /state)"
    with_code_interpreter "$@"
}

# describe_published ACTION NAME: AgentFabric's appBot.py or agent_runner, with a copy of the agent.
describe_published() {
    read_published "$2"
    [ "$PUBLISHED_APP" != runner ] || [ -n "$AGENT_STACK" ] || fail e_no_runner "$BUNDLE"
    home=$STATE_DIR/published/$2
    set -- "$1" "agent-$2" "$AGENT_MEMORY" \
        --publish "$AGENT_LISTEN:$PUBLISHED_PORT:7865" --env PORT=7865 \
        --mount "$(mount_of "$home/state" /state)"
    case $PUBLISHED_APP in
    runner)
        with_login "$@" --env AGENT_DIR=/agent \
            --mount "$(mount_of "$home/$PUBLISHED_CONFIG/local_user" /agent readonly)"
        ;;
    *) with_code_interpreter "$@" --mount "$(mount_of "$home/$PUBLISHED_CONFIG" /state/config)" ;;
    esac
}

# describe_allow ACTION: with the model server's name too, where another takes its place.
describe_allow() {
    set -- "$1" allow 512m --sysctl net.ipv4.ip_forward=0 --env "ALLOW=$ALLOW" --env "LLM_URL=$LLM_URL" \
        --env PYTHONUTF8=1
    [ -z "$LLM_URL" ] || set -- "$@" --network-alias server --env "MODEL_NAME=$LLM_MODEL"
    case $LLM_URL in
    https:*)
        set -- "$@" --env SSL_CERT_FILE=/run/airgap/certificates \
            --mount "$(mount_of "$(certificates)" /run/airgap/certificates readonly)"
        ;;
    esac
    with_key API_KEY_FILE "$@"
}

# with_code_interpreter ACTION SERVICE MEMORY OPTION…: what AgentFabric's two pages have in common.
with_code_interpreter() {
    [ -z "$CODE_INTERPRETER_DIR" ] || set -- "$@" --env CODE_INTERPRETER_WORK_DIR=/code_interpreter \
        --mount "$(mount_of "$CODE_INTERPRETER_DIR" /code_interpreter)"
    with_login "$@"
}

# with_login ACTION SERVICE MEMORY OPTION…: adds who may log in.
with_login() {
    case $LOGIN in
    off) set -- "$@" --env PASSWORD_FILE= ;;
    *)
        # An editor that writes another file makes another container necessary, which sees that one.
        set -- "$@" --env PASSWORD_FILE=/run/airgap/passwords \
            --mount "$(mount_of "$STATE_DIR/passwords" /run/airgap/passwords readonly)" \
            --label "airgap.passwords=$(stat -c %i "$STATE_DIR/passwords")"
        ;;
    esac
    with_agent_common "$@"
}

# with_agent_common ACTION SERVICE MEMORY OPTION…: what all agents have in common.
with_agent_common() {
    with_tls with_key LLM_API_KEY_FILE "$@" \
        --mount "$(mount_of "$EMBEDDING_DIR" "$EMBEDDING_AT" readonly)" \
        --env "EMBEDDING_DIR=$EMBEDDING_AT" --env STATE_DIR=/state \
        --env LLM_URL=http://server:8000/v1 --env "LLM_MODEL=$ASKED_MODEL" --env HOST=0.0.0.0
}

# with_key VARIABLE ACTION SERVICE MEMORY OPTION…: adds the model server's key, if it has one.
with_key() {
    variable=$1
    shift
    [ -z "$KEY_FILE" ] || set -- "$@" --env "$variable=/run/airgap/key" \
        --mount "$(mount_of "$KEY_FILE" /run/airgap/key readonly)" \
        --label "airgap.key=$(stat -L -c '%s-%Y' "$KEY_FILE")"
    with_common "$@"
}

# with_common ACTION SERVICE MEMORY OPTION…: adds what holds for every container and the digest of the
# whole, by which a changed setting is seen, and calls ACTION with SERVICE and docker's arguments. The
# GPUs' device nodes are no part of it: some appear when a program first uses a GPU.
#   --dns 0.0.0.0: the container itself, where nothing answers; Docker still resolves the services' names.
#   The proxies: if they were not given, Docker's client would put its own there.
with_common() {
    action=$1 service=$2 memory=$3
    shift 3
    proxy='' direct='*' home=/tmp
    case $ALLOW,$service in
    ,* | *,server | *,allow | *,tls) ;;
    *) proxy=http://allow:3128 direct=server,localhost,127.0.0.1 ;;
    esac
    case $DEVICE,$service in
    cuda,server) home=/state ;;
    esac
    [ "$service" = allow ] ||
        set -- --dns 0.0.0.0 --dns-search . --dns-option timeout:1 --dns-option attempts:1 "$@"
    # shellcheck disable=SC2086  # options
    set -- --label "airgap.bundle=$BUNDLE" --label "airgap.service=$service" \
        --network "airgap-$BUNDLE" --network-alias "$service" \
        --user 1000:1000 --read-only --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777,size=1g \
        --cap-drop ALL --security-opt no-new-privileges $UNLABELLED --init --pids-limit 8192 --memory "$memory" \
        --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 \
        --env "HTTP_PROXY=$proxy" --env "HTTPS_PROXY=$proxy" --env FTP_PROXY= --env ALL_PROXY= \
        --env "http_proxy=$proxy" --env "https_proxy=$proxy" --env ftp_proxy= --env all_proxy= \
        --env "NO_PROXY=$direct" --env "no_proxy=$direct" \
        --env "HOME=$home" "$@" --entrypoint "$(python_of "$service")" "$IMAGE"
    case $service in
    server) set -- "$@" -m vllm_server ;;
    agentfabric) set -- "$@" -m agentfabric_offline app ;;
    allow) set -- "$@" -c "$(cat "$HERE/lib/relay.py")" ;;
    tls) set -- "$@" -c "$(cat "$HERE/lib/tls.py")" ;;
    *)
        case $service,${PUBLISHED_APP-} in
        agent,* | *,runner) set -- "$@" -m agent_runner ;;
        *) set -- "$@" -m agentfabric_offline bot ;;
        esac
        ;;
    esac
    sum=$(printf '%s\n' "$IMAGE_ID" "$BUNDLE_DIGEST" "$@" |
        sed -e '/^--device$/d' -e '/:\/dev\/nvidia.*:rw$/d' | sha256sum)
    "$action" "$service" "${sum%% *}" "$@"
}
