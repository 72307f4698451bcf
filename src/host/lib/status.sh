# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# status, and where the services are reached.

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
