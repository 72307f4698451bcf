# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Agents that people built in AgentFabric's page and that are served by a container of their own.

PREPARED= # the name of the agent that is being published

# find_published: sets PUBLISHED to the names of what is published.
find_published() {
    PUBLISHED=
    [ -n "$BUILDER_STACK" ] || return 0
    require_open "$STATE_DIR"
    require_open "$STATE_DIR/published"
    for folder in "$STATE_DIR"/published/*; do
        name=${folder##*/}
        if is_name "$name" && { [ -f "$folder/publish.conf" ] || [ "$name" = "$PREPARED" ]; }; then
            PUBLISHED="$PUBLISHED $name"
        fi
    done
}

# read_published NAME: sets PUBLISHED_FROM (an account), PUBLISHED_APP (bot or runner), PUBLISHED_PORT
# and PUBLISHED_CONFIG (the copy of the agent that is served).
read_published() {
    conf=$STATE_DIR/published/$1/publish.conf
    [ "$1" != "$PREPARED" ] || conf=$conf.new
    [ -r "$conf" ] || fail e_state_closed "$conf" "$(id -u)"
    read_settings "$conf" 'PUBLISHED_FROM PUBLISHED_APP PUBLISHED_PORT PUBLISHED_CONFIG'
}

# is_published NAME
is_published() {
    case " $PUBLISHED " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# publish [NAME] [--from ACCOUNT] [--port PORT] [--runner | --bot]
publish() {
    wanted='' from='' app='' wanted_port=''
    while [ "$#" -gt 0 ]; do
        case $1 in
        --runner) app=runner ;;
        --bot) app=bot ;;
        --from | --port)
            [ "$#" -gt 1 ] || misused e_value_needed publish "$1" "$PROGRAM"
            case $1 in
            --from) from=$2 ;;
            *) wanted_port=$2 ;;
            esac
            shift
            ;;
        -*) misused e_extra_argument publish "$1" "$PROGRAM" ;;
        *)
            [ -z "$wanted" ] || misused e_extra_argument publish "$1" "$PROGRAM"
            wanted=$1
            ;;
        esac
        shift
    done
    # The first agent of an account needs no name of its own.
    [ -n "$wanted" ] || wanted=${from:-agent}
    [ "$wanted" != local_user ] || wanted=agent
    require_name "$wanted"
    require_account "${from:-local_user}"
    require_builder publish
    [ -z "$wanted_port" ] || check_port_number "$wanted_port"
    prepare_state
    find_services

    port=
    if is_published "$wanted"; then
        read_published "$wanted"
        : "${from:=$PUBLISHED_FROM}" "${app:=$PUBLISHED_APP}"
        port=$PUBLISHED_PORT
    fi
    port=${wanted_port:-$port}
    [ -n "$port" ] || free_port
    : "${from:=local_user}" "${app:=bot}"
    [ "$app" != runner ] || [ -n "$AGENT_STACK" ] || fail e_no_runner "$BUNDLE"

    say publishing "$wanted" "$from"
    ask_state prepare "$wanted" "$from" "$app" "$port"
    ! is_published "$wanted" || REPLACED=$wanted
    PREPARED=$wanted
    read_manifest
    prepare_passwords
    prepare_tls
    find_services
    needed=
    for service in $SERVICES; do
        case $service in
        server | allow | tls) running "$service" || needed="$needed $service" ;;
        esac
    done
    # shellcheck disable=SC2086  # names have no blanks
    start_services $needed "agent-$wanted"
    ask_state commit "$wanted"
    PREPARED='' REPLACED=
    say_published "$wanted"
    say_login
}

# unpublish NAME
unpublish() {
    require_name "$1"
    require_builder unpublish
    prepare_state
    find_services
    is_published "$1" || fail_not_published "$1"
    docker_ rm -f "$(container_of "agent-$1")" >/dev/null 2>&1
    ask_state remove "$1"
    say unpublished "$1"
}

fail_not_published() {
    PUBLISHED=${PUBLISHED# }
    fail e_not_published "$1" "${PUBLISHED:--}" "$PROGRAM"
}

check_port_number() {
    awk -v v="$1" 'BEGIN { exit !(v ~ /^[1-9][0-9]*$/ && v + 0 < 65536) }' ||
        misused e_port_number "$1" "$(text form_port)"
}

# say_published NAME
say_published() {
    listen_of "agent-$1"
    say address_published "$1" "$SCHEME://$(host_of "$listen"):$port/" "$PUBLISHED_APP" "$PUBLISHED_FROM"
}
