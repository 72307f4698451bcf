# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# run: up, until a signal or a service's end, and down.

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

# pause SECONDS: can be interrupted, which `sleep` alone cannot.
pause() {
    sleep "$1" &
    TICKER=$!
    wait "$TICKER"
}

# end_run: whatever others do, what `run` has brought up ends with it.
end_run() {
    mark_charge run
    take_down "$BUNDLE_DIGEST"
}
