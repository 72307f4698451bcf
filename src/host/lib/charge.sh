# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# One command at a time changes something. Each leaves a file beside the state folder, or in it where it may
# not write beside it: <state>.airgap-busy.<process>.<when that began>, as joins do (turn.sh). It is empty while
# its process looks for others, then it holds the command; of two that look at once the one with the lower
# number waits for what the other finds. A file of a process that ended, however it did, counts for nothing.

CHARGE= # this process's file

# take_charge: ends the program if another one is at work.
take_charge() {
    case $command in
    up | run | restore) # the others make no folders where none are
        mkdir -p -- "$(dirname -- "$STATE_DIR")" 2>/dev/null
        resolve_state
        ;;
    esac
    mark_charge ''
    own=${CHARGE%.*}
    own=${own##*.}
    patience=50
    for JOINING in "$STATE_DIR.airgap-busy" "$STATE_DIR/.airgap-busy"; do
        for turn in "$JOINING".*; do
            [ "$turn" != "$CHARGE" ] || continue
            while is_alive "$turn" && [ -e "$turn" ]; do
                if [ -s "$turn" ] || [ "$process" -lt "${own:-0}" ] || [ "$patience" -eq 0 ]; then
                    fail e_busy "$BUNDLE" "$process" "$process"
                fi
                patience=$((patience - 1))
                sleep 0.1
            done
            ! is_number "$process" || ! is_number "$began" || rm -f -- "$turn"
        done
    done
    [ -z "$CHARGE" ] || mark_charge "$command"
}

# mark_charge TEXT: leaves this process's file. On a full disk there is none: what frees it must go on.
mark_charge() {
    read -r stat </proc/self/stat
    began_at "$stat"
    for JOINING in "$STATE_DIR.airgap-busy" "$STATE_DIR/.airgap-busy"; do
        CHARGE=$JOINING.${stat%% *}.$began_at
        ! printf '%s' "$1" 2>/dev/null >"$CHARGE" || return 0
    done
    CHARGE=
}

leave_charge() {
    [ -z "$CHARGE" ] || rm -f -- "$CHARGE"
    CHARGE=
}

# find_busy: sets BUSY to the process that is at work, if it is another one.
find_busy() {
    BUSY=
    for JOINING in "$STATE_DIR.airgap-busy" "$STATE_DIR/.airgap-busy"; do
        for turn in "$JOINING".*; do
            [ "$turn" = "$CHARGE" ] || ! is_alive "$turn" || BUSY=$process
        done
    done
}

others_work() {
    find_busy
    [ -n "$BUSY" ]
}
