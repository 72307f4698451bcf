# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Do the services run and answer?

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
    began=$(date +%s) told=
    until answers "$1"; do
        if [ -z "$told" ]; then
            told=0
            # It may have come up before and not now: were it started again and again, its end would not be seen.
            docker_ update --restart no "$(container_of "$1")" >/dev/null 2>&1
        fi
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
        sleep 1
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
