# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The operator's commands: up, run, status, logs, chat, down.

bring_up() {
    for part in "models/$LLM" "models/$EMBEDDING" "agents/$AGENT"; do
        [ -d "$HERE/$part" ] || fail e_no_folder "$HERE/$part"
    done
    check_parts "models/$LLM" "models/$EMBEDDING" "agents/$AGENT"
    make_state_folder
    check_ports
    UNDO=$RUN
    load_image
    check_access
    make_network
    for_each_service remove_if_stale
    for_each_service start_if_absent
    for service in $SERVICES; do
        wait_for "$service"
    done
    UNDO=
    say_addresses
}

# answers SERVICE: does the service answer, asked from within its container?
answers() {
    case $1 in
    server) address=http://127.0.0.1:8000/health ;;
    agent) address=http://127.0.0.1:7865/ ;;
    esac
    docker_ exec "$(container_of "$1")" "$(python_of "$1")" -c "$(cat "$HERE/lib/health.py")" "$address" \
        >/dev/null 2>&1
}

running() {
    [ "$(docker_ inspect --format '{{.State.Running}}' "$(container_of "$1")" 2>/dev/null)" = true ]
}

# wait_for SERVICE: until it answers; fails when it stops or START_TIMEOUT seconds have passed.
wait_for() {
    name=$(text "word_$1")
    began=$(date +%s) told=0
    until answers "$1"; do
        elapsed=$(($(date +%s) - began))
        if ! running "$1"; then
            tell_last_lines "$1"
            ended=$(docker_ inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' "$(container_of "$1")" 2>&1)
            case $ended in
            true*) fail e_out_of_memory "$name" "$(echo "$1" | tr '[:lower:]' '[:upper:]')_MEMORY" "$CONF" ;;
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

tell_last_lines() {
    end_progress
    {
        say last_lines "$(text "word_$1")"
        docker_ logs --tail 20 "$(container_of "$1")" 2>&1 | sed 's/^/  | /'
    } >&2
}

say_addresses() {
    say is_up "$BUNDLE" "$BUNDLE_DIGEST"
    say address_server "http://$(host_of "$SERVER_LISTEN"):$SERVER_PORT/v1" "$LLM_NAME"
    say address_agent "http://$(host_of "$AGENT_LISTEN"):$AGENT_PORT/"
    say address_state "$STATE_DIR"
    case $AGENT_LISTEN in
    127.*) say open_agent "$CONF" "$PROGRAM" ;;
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
    bring_up
    DOWN_AT_END=1
    trap 'exit 0' HUP INT TERM
    say press_ctrl_c
    while running server && running agent; do
        sleep 3 &
        TICKER=$!
        wait "$TICKER"
    done
    for service in $SERVICES; do
        running "$service" || { tell_last_lines "$service"; fail e_stopped_later "$(text "word_$service")"; }
    done
}

# show_status: ends with 0 when every service answers, else with 1.
show_status() {
    well=0
    say status_bundle "$BUNDLE" "$IMAGE"
    have_image || say status_no_image "$PROGRAM"
    for service in $SERVICES; do
        name=$(text "word_$service")
        listen_of "$service"
        if ! running "$service"; then
            say status_stopped "$name"
            well=1
        elif answers "$service"; then
            say status_answers "$name" "http://$(host_of "$listen"):$port/"
        else
            say status_silent "$name" "$PROGRAM" "$service"
            well=1
        fi
    done
    say address_state "$STATE_DIR"
    return "$well"
}

# show_logs [SERVICE] [-f]
show_logs() {
    follow='' wanted=
    for argument in "$@"; do
        case $argument in
        -f) follow=1 ;;
        server | agent) wanted="$wanted $argument" ;;
        *) misused e_logs "$argument" "$PROGRAM" ;;
        esac
    done
    for service in ${wanted:-$SERVICES}; do
        docker_ inspect "$(container_of "$service")" >/dev/null 2>&1 ||
            fail e_not_up "$(text "word_$service")" "$PROGRAM"
    done
    [ -z "$follow" ] || need_scratch
    for service in ${wanted:-$SERVICES}; do
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

# ask QUESTION: one completion through the server, asked in its container, so that neither the key nor
# the question shows in the process list and the host needs no HTTP client.
ask() {
    running server || fail e_not_up "$(text word_server)" "$PROGRAM"
    need_scratch
    printf '%s' "$1" | docker_ exec -i --env PYTHONUTF8=1 "$(container_of server)" "$(python_of server)" \
        -c "$(cat "$HERE/lib/chat.py")" "$(text chat_cut)" 2>"$SCRATCH/chat" ||
        fail e_chat "$(last_line "$(cat "$SCRATCH/chat")")" "$PROGRAM"
}

# take_down: removes the containers and the network; keeps the state and the image.
take_down() {
    containers=$(docker_ ps -aq --filter "label=airgap.bundle=$BUNDLE")
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
    # shellcheck disable=SC2086
    [ -z "$networks" ] || docker_ network rm $networks >/dev/null || fail e_remove "airgap-$BUNDLE"
    say is_down "$STATE_DIR"
}
