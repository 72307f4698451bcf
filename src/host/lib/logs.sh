# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# logs

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
