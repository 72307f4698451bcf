# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The operator's commands: up, run, start, stop, status, logs, chat, down.

bring_up() {
    check_bundle_parts
    require_gpus
    make_state_folder
    find_services
    check_switch
    # shellcheck disable=SC2086  # names have no blanks
    check_ports $SERVICES
    UNDO=$RUN
    prepare_state
    prepare_passwords
    prepare_tls
    begin_switch
    remove_strays
    # shellcheck disable=SC2086  # names have no blanks
    start_and_wait $SERVICES
    end_switch
    say_addresses
    say_switched
}

# check_bundle_parts: are the parts of the bundle that run all there?
check_bundle_parts() {
    set --
    [ -n "$LLM_URL" ] || [ "$LLM_DIR" != "$HERE/models/$LLM" ] || set -- "$@" "models/$LLM"
    [ "$EMBEDDING_DIR" != "$HERE/models/$EMBEDDING" ] || set -- "$@" "models/$EMBEDDING"
    [ -z "$AGENT" ] || set -- "$@" "agents/$AGENT"
    for part in "$@"; do
        [ -d "$HERE/$part" ] || fail e_no_folder "$HERE/$part"
    done
    check_parts "$@"
}

# start_again SERVICE: starts what was stopped.
start_again() {
    find_services
    require_service start "$1"
    prepare_service "$1"
    start_services "$1"
}

# prepare_service SERVICE: finds what may be wrong, before anything is stopped for it.
prepare_service() {
    check_bundle_parts
    [ "$1" != server ] || require_gpus
    prepare_state
    prepare_passwords
    prepare_tls
}

# stop_service SERVICE: until `start` or `up`; the others go on.
stop_service() {
    find_services
    require_service stop "$1"
    docker_ inspect "$(container_of "$1")" >/dev/null 2>&1 || fail e_not_up "$(name_of "$1")" "$PROGRAM"
    end_service "$1"
    say stopped "$(name_of "$1")" "$PROGRAM" "$1"
}

# restart_service SERVICE
restart_service() {
    find_services
    require_service restart "$1"
    read_manifest
    require_this_version
    prepare_service "$1"
    ! docker_ inspect "$(container_of "$1")" >/dev/null 2>&1 || end_service "$1"
    start_services "$1"
}

# end_service SERVICE
end_service() {
    docker_ stop -t 10 "$(container_of "$1")" >/dev/null 2>&1
    docker_ rm -f "$(container_of "$1")" >/dev/null || fail e_remove "$(container_of "$1")"
}

# require_service COMMAND SERVICE: one that the settings ask for, or where that is enough one that is there.
require_service() {
    case $1 in
    logs | stop) ! docker_ inspect "$(container_of "$2")" >/dev/null 2>&1 || return 0 ;;
    esac
    is_service "$2" || misused e_service "$1" "$2" "${SERVICES# }" "$PROGRAM"
}

# answers SERVICE: does the service answer, asked from within its container?
answers() {
    case $1 in
    server) address=http://127.0.0.1:8000/health ;;
    tls) address=https://127.0.0.1:8443/health ;;
    agentfabric) address=$SCHEME://127.0.0.1:7860/ ;;
    allow) address=http://127.0.0.1:3128/ ;;
    *) address=$SCHEME://127.0.0.1:7865/ ;;
    esac
    fetches "$1" "$address"
}

# fetches SERVICE ADDRESS: does the address answer from within the service's container?
fetches() {
    docker_ exec "$(container_of "$1")" "$(python_of "$1")" -c "$(cat "$HERE/lib/health.py")" "$2" >/dev/null 2>&1
}

# model_answers: does the server at LLM_URL answer, if there is one?
model_answers() {
    [ -z "$LLM_URL" ] || fetches allow http://127.0.0.1:8000/v1/models
}

running() {
    [ "$(docker_ inspect --format '{{.State.Running}}' "$(container_of "$1")" 2>/dev/null)" = true ]
}

# wait_for SERVICE: until it answers; fails when it stops or START_TIMEOUT seconds have passed.
wait_for() {
    name=$(name_of "$1")
    began=$(date +%s) told=0
    # One that came up before may not come up now: were it started again and again, its end would not be seen.
    answers "$1" || docker_ update --restart no "$(container_of "$1")" >/dev/null 2>&1
    until answers "$1"; do
        elapsed=$(($(date +%s) - began))
        if ! running "$1"; then
            tell_last_lines "$1"
            ended=$(docker_ inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' "$(container_of "$1")" 2>&1)
            case $ended in
            true*) fail e_out_of_memory "$name" "$(memory_setting "$1")" "$CONF" ;;
            esac
            fail e_stopped "$name" "${ended#* }"
        fi
        if [ "$elapsed" -ge "$START_TIMEOUT" ]; then
            tell_last_lines "$1"
            fail e_too_slow "$name" "$START_TIMEOUT" "$CONF"
        fi
        progress waiting "$name" "$elapsed"
        if [ ! -t 2 ] && [ "$elapsed" -ge "$((told + 30))" ]; then
            told=$elapsed
            say waiting "$name" "$elapsed"
        fi
        sleep 2
    done
    end_progress
    say ready "$name" "$(($(date +%s) - began))"
}

memory_setting() {
    case $1 in
    server) echo SERVER_MEMORY ;;
    agentfabric) echo BUILDER_MEMORY ;;
    *) echo AGENT_MEMORY ;;
    esac
}

tell_last_lines() {
    end_progress
    {
        say last_lines "$(name_of "$1")"
        docker_ logs --tail 20 "$(container_of "$1")" 2>&1 | sed 's/^/  | /'
    } >&2
}

say_addresses() {
    say is_up "$BUNDLE" "$BUNDLE_DIGEST"
    for service in $SERVICES; do
        listen_of "$service"
        [ -n "$port" ] || continue
        address=$SCHEME://$(host_of "$listen"):$port
        case $service in
        server | tls) say address_server "$address/v1" "$LLM_NAME" ;;
        agentfabric) say address_builder "$address/" ;;
        agent) say address_agent "$address/" ;;
        agent-*) say_published "${service#agent-}" ;;
        esac
    done
    [ -z "$LLM_URL" ] || say address_server "$LLM_URL" "$LLM_MODEL"
    [ -z "$ALLOW" ] || say address_allow "$ALLOW"
    say_tls
    say address_state "$STATE_DIR"
    say_login
    model_answers || say model_silent "$LLM_URL" "$PROGRAM"
    case $AGENT,$AGENT_LISTEN in
    ?*,127.*) say open_agent "$CONF" "$PROGRAM" ;;
    esac
    case $BUILDER_STACK,$BUILDER_LISTEN in
    ?*,127.*) say open_builder "$CONF" "$PROGRAM" ;;
    esac
}

# host_of ADDRESS: a name for people; to listen on 0.0.0.0 is to be reached by the host's name.
host_of() {
    case $1 in
    0.0.0.0) uname -n ;;
    *) echo "$1" ;;
    esac
}

run_until_stopped() {
    RESTART=no
    bring_up
    DOWN_AT_END=1
    leave_charge
    trap 'exit 0' HUP INT TERM
    say press_ctrl_c
    # What is called meanwhile puts new containers in place of old ones: hence a second look.
    while all_serve || { pause 10 && { others_work || all_serve; }; }; do
        pause 3
    done
    if [ -z "$ENDED" ]; then
        say run_over
        return
    fi
    tell_last_lines "$ENDED"
    fail e_stopped_later "$(name_of "$ENDED")"
}

# pause SECONDS: can be interrupted, which `sleep` alone cannot.
pause() {
    sleep "$1" &
    TICKER=$!
    wait "$TICKER"
}

others_work() {
    find_busy
    [ -n "$BUSY" ]
}

# end_run: whatever others do, what `run` has brought up ends with it.
end_run() {
    mark_charge run
    take_down "$BUNDLE_DIGEST"
}

# all_serve: false when nothing of this version is there any more, or a service ended by itself, which ENDED
# names then. What the operator stopped has no container.
all_serve() {
    left='' ENDED=''
    for service in $SERVICES; do
        case $(docker_ inspect --format '{{.State.Running}} {{index .Config.Labels "airgap.digest"}}' \
            "$(container_of "$service")" 2>/dev/null) in
        "true $BUNDLE_DIGEST") left=1 ;;
        *" $BUNDLE_DIGEST") ENDED=$service ;;
        esac
    done
    [ -n "$left" ] && [ -z "$ENDED" ]
}

# show_status: ends with 0 when every service answers, else with 1.
show_status() {
    well=0
    say status_bundle "$BUNDLE" "$IMAGE"
    have_image || say status_no_image "$PROGRAM"
    find_services
    for service in $SERVICES; do
        name=$(name_of "$service")
        listen_of "$service"
        if ! running "$service"; then
            say status_stopped "$name"
            well=1
        elif ! answers "$service"; then
            say status_silent "$name" "$PROGRAM" "$service"
            well=1
        elif [ -n "$port" ]; then
            say status_answers "$name" "$SCHEME://$(host_of "$listen"):$port/"
        else
            say status_runs "$name"
        fi
    done
    if running allow && ! model_answers; then
        say model_silent "$LLM_URL" "$PROGRAM"
        well=1
    fi
    say address_state "$STATE_DIR"
    say_versions
    say_left
    return "$well"
}

# say_left: what a restore that did not come to its end has left.
say_left() {
    ! others_work || return 0
    for left in "$STATE_DIR.restoring" "$STATE_DIR.restored"; do
        [ ! -d "$left" ] || say restore_left "$left" "$PROGRAM"
    done
}

# show_logs [SERVICE] [-f]
show_logs() {
    find_services
    follow='' wanted=
    for argument in "$@"; do
        case $argument in
        -f) follow=1 ;;
        *)
            require_service logs "$argument"
            wanted="$wanted $argument"
            ;;
        esac
    done
    shown=
    for service in ${wanted:-$SERVICES}; do
        if docker_ inspect "$(container_of "$service")" >/dev/null 2>&1; then
            shown="$shown $service"
        elif [ -n "$wanted" ]; then
            fail e_not_up "$(name_of "$service")" "$PROGRAM"
        fi
    done
    [ -n "$shown" ] || fail e_nothing_up "$BUNDLE" "$PROGRAM"
    [ -z "$follow" ] || need_scratch
    for service in $shown; do
        if [ -n "$follow" ]; then
            # By a named pipe, so that the client's own process is known and ends with this one.
            mkfifo "$SCRATCH/$service"
            label_lines "$service" <"$SCRATCH/$service" &
            # shellcheck disable=SC2086
            $DOCKER logs --follow --tail 200 "$(container_of "$service")" >"$SCRATCH/$service" 2>&1 &
            FOLLOWERS="$FOLLOWERS $!"
        else
            docker_ logs --tail 200 "$(container_of "$service")" 2>&1 | label_lines "$service"
        fi
    done
    wait
}

# label_lines SERVICE: a loop of the shell's, because sed and awk hold lines back when following.
label_lines() {
    while IFS= read -r line; do
        printf '%s | %s\n' "$1" "$line"
    done
}

# ask QUESTION: one completion through the server, asked in its container, or where
# another takes its place, so that neither the key nor
# the question shows in the process list and the host needs no HTTP client.
ask() {
    asked=server
    [ -z "$LLM_URL" ] || asked=allow
    running "$asked" || fail e_not_up "$(name_of "$asked")" "$PROGRAM"
    need_scratch
    printf '%s' "$1" | docker_ exec -i --env PYTHONUTF8=1 "$(container_of "$asked")" "$(python_of "$asked")" \
        -c "$(cat "$HERE/lib/chat.py")" "$(text chat_cut)" 2>"$SCRATCH/chat" ||
        fail e_chat "$(last_line "$(cat "$SCRATCH/chat")")" "$PROGRAM" "$asked"
}

# take_down [DIGEST]: removes the containers and the networks; keeps the state and the image. With DIGEST only
# the containers of that version, and of these not what waits for the end of a switch, which is another's.
take_down() {
    containers=$(docker_ ps -a --filter "label=airgap.bundle=$BUNDLE" \
        --format '{{.Names}}|{{.Label "airgap.digest"}}' | awk -F'|' -v digest="${1-}" '
            digest == "" || ($2 == digest && $1 !~ /\.previous$/) { print $1 }')
    networks=$(docker_ network ls -q --filter "label=airgap.bundle=$BUNDLE")
    if [ -z "$containers$networks" ]; then
        say nothing_up "$BUNDLE"
        return
    fi
    # shellcheck disable=SC2086
    if [ -n "$containers" ]; then
        say stopping "$BUNDLE"
        docker_ stop -t 10 $containers >/dev/null 2>&1
        docker_ rm -f $containers >/dev/null || fail e_remove "$BUNDLE"
    fi
    [ -z "${1-}" ] || [ -z "$(docker_ ps -aq --filter "label=airgap.bundle=$BUNDLE")" ] || return 0
    # shellcheck disable=SC2086
    [ -z "$networks" ] || docker_ network rm $networks >/dev/null || fail e_remove "airgap-$BUNDLE"
    say is_down "$STATE_DIR"
}
