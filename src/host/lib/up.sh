# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# up and down, and single services: start, stop, restart.

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
    refuse_composed "$(container_of "$1")"
    end_service "$1"
    say stopped "$(name_of "$1")" "$PROGRAM" "$1"
}

# restart_service SERVICE
restart_service() {
    find_services
    require_service restart "$1"
    read_manifest
    require_this_version
    refuse_composed "$(container_of "$1")"
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
