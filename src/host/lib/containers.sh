# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Containers and networks of the services: made anew where they are not as the settings of now say, and undone.

RUN=$$-$(date +%s) # labels what this run makes, so that it can undo just that
RESTART=unless-stopped # what Docker does about a service that answered and ended

# start_services SERVICE…: starts single services of the version that serves, or is to be the only one.
start_services() {
    require_this_version
    for service in "$@"; do
        refuse_composed "$(container_of "$service")"
    done
    start_and_wait "$@"
    UNDO=
}

# start_and_wait SERVICE…: starts them anew where they do not run with the settings of now, and waits
# until all answer. What this run made is removed if it does not come so far; its caller ends that.
start_and_wait() {
    check_ports "$@"
    UNDO=$RUN
    make_networks
    for service in "$@"; do
        describe "$service" remove_if_stale
    done
    for service in "$@"; do
        describe "$service" start_if_absent
    done
    for service in "$@"; do
        wait_for "$service"
    done
    keep_running "$@"
}

# keep_running SERVICE…: from now on Docker starts them again, also when it is started itself; not before
# they answered, so that one that ends at its start is told and not started again and again.
keep_running() {
    names=
    for service in "$@"; do
        names="$names $(container_of "$service")"
    done
    # shellcheck disable=SC2086  # names have no blanks
    answer=$(docker_ update --restart "$RESTART" $names 2>&1) || say not_returning "$(last_line "$answer")" >&2
}

# remove_if_stale SERVICE DIGEST: unless the container runs with these very settings.
remove_if_stale() {
    case $(docker_ inspect --format '{{.State.Running}} {{index .Config.Labels "airgap.settings"}}' \
        "$(container_of "$1")" 2>/dev/null) in
    "true $2") ;;
    ?*)
        say replacing "$(name_of "$1")"
        docker_ rm -f "$(container_of "$1")" >/dev/null || fail e_remove "$(container_of "$1")"
        ;;
    esac
}

# start_if_absent SERVICE DIGEST ARGUMENT…
start_if_absent() {
    service=$1 digest=$2
    shift 2
    docker_ inspect "$(container_of "$service")" >/dev/null 2>&1 && return
    say starting "$(name_of "$service")"
    answer=$(docker_ create --name "$(container_of "$service")" --label "airgap.settings=$digest" \
        --label "airgap.run=$RUN" --label "airgap.digest=$BUNDLE_DIGEST" --label "airgap.folder=$HERE" \
        --label "airgap.state=$STATE_DIR" "$@" 2>&1) && answer=$(join_outside "$service" 2>&1) &&
        answer=$(docker_ start "$(container_of "$service")" 2>&1) && return
    case $answer in
    *'already allocated'* | *'address already in use'*) fail_port "$service" ;;
    *'could not select device driver'* | *'nknown or invalid runtime name'*)
        fail e_gpu_toolkit "$(name_of "$service")" "$(last_line "$answer")" "$PROGRAM"
        ;;
    *nvidia-container* | *'CDI device'* | *libcuda.so*)
        fail e_gpu_start "$(name_of "$service")" "$(last_line "$answer")" "$PROGRAM"
        ;;
    *) fail e_start "$(name_of "$service")" "$(last_line "$answer")" ;;
    esac
}

# remove_strays: containers of what no longer belongs to the bundle's services.
remove_strays() {
    for name in $(docker_ ps -a --filter "label=airgap.bundle=$BUNDLE" --format '{{.Names}}'); do
        case $name in
        *.previous) continue ;;
        esac
        is_service "${name#"airgap-$BUNDLE-"}" || docker_ rm -f "$name" >/dev/null || fail e_remove "$name"
    done
    # What waits for the end of a switch may be on it.
    [ -n "$SWITCHING" ] || is_service allow || docker_ network rm "$(network_outside)" >/dev/null 2>&1
}

# make_networks: without masquerading nothing outside can answer the containers; published ports still
# work, which on an --internal network they do not. Only the way to what is allowed has another.
make_networks() {
    describe_networks make_network
}

# make_network NAME OPTION…
make_network() {
    network=$1
    shift
    docker_ network inspect "$network" >/dev/null 2>&1 && return
    answer=$(docker_ network create --driver bridge "$@" --label "airgap.bundle=$BUNDLE" "$network" 2>&1) ||
        fail e_network "$network" "$(last_line "$answer")"
}

# join_outside SERVICE: create takes one network only.
join_outside() {
    [ "$1" != allow ] || docker_ network connect "$(network_outside)" "$(container_of allow)"
}

# undo_run RUN STATUS: removes the containers that this run made, and the networks if nothing of the
# bundle is left on them. After a signal it looks twice, because Docker may still be making what the
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
            docker_ network rm "airgap-$BUNDLE" "$(network_outside)" >/dev/null 2>&1
        [ "$2" -ge 128 ] || break
        [ "$again" -eq 2 ] || sleep 1
    done
    go_back >&2
}
