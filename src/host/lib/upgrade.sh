# shellcheck shell=sh disable=SC2034,SC2153,SC2154  # shared by the pieces
# From one version of the bundle to another, and back. Both cannot run at once: they want the same ports
# and the same GPUs. So the old containers are renamed and stopped, the new ones start, and only when
# all of them answer the old ones are removed. Before that, they are what is gone back to.

SWITCHING= # "renaming", then "stopping", while another version's containers wait
WAITING=   # their names from before
SWITCHED=  # the version that this run took the place of

# check_switch: says what would go wrong in a switch before anything is loaded or stopped.
check_switch() {
    require_versions
    find_versions
    # shellcheck disable=SC2046  # names have no blanks
    refuse_composed $(printf '%s\n' "$CONTAINERS" | sed 's/|.*//')
    [ -n "$OTHERS" ] || return 0
    state=$(docker_ inspect --format '{{index .Config.Labels "airgap.state"}}' "${OTHERS##* }" 2>/dev/null)
    [ -z "$state" ] || [ "$(readlink -f -- "$state")" = "$(readlink -f -- "$STATE_DIR")" ] ||
        fail e_other_state "$state" "$STATE_DIR" "$CONF" "$PROGRAM"
    # Who was up here before had these settings, or none, on purpose.
    ! list_versions | awk -v digest="$BUNDLE_DIGEST" '$1 == digest { found = 1 } END { exit !found }' || return 0
    [ -e "$CONF" ] || [ "$OTHER_FOLDER" = "$HERE" ] || [ ! -e "$OTHER_FOLDER/airgap.conf" ] ||
        fail e_conf_stayed "$OTHER_FOLDER/airgap.conf" "$CONF"
}

# begin_switch: makes room for this version, if another one is there.
begin_switch() {
    settle_switch
    find_versions
    [ -n "$OTHERS" ] || return 0
    say switching "$OTHER" "$BUNDLE_DIGEST"
    SWITCHING=renaming WAITING=$OTHERS waiting=
    for name in $OTHERS; do
        answer=$(docker_ rename "$name" "$name.previous" 2>&1) ||
            fail e_switch "$name" "$(last_line "$answer")"
        waiting="$waiting $name.previous"
    done
    SWITCHING=stopping
    # shellcheck disable=SC2086  # names have no blanks
    docker_ stop -t 10 $waiting >/dev/null 2>&1
}

# end_switch: all of this version answers. Remembers it, and removes what waited. A signal must not leave
# open whether it is remembered.
end_switch() {
    trap '' HUP INT TERM
    record_version
    UNDO=''
    catch_signals
    [ -z "$SWITCHING" ] || SWITCHED=$OTHER
    SWITCHING=
    find_versions
    drop_previous
    is_service allow || docker_ network rm "$(network_outside)" >/dev/null 2>&1
}

drop_previous() {
    # shellcheck disable=SC2086  # names have no blanks
    [ -z "$PREVIOUS_NAMES" ] || docker_ rm -f $PREVIOUS_NAMES >/dev/null || fail e_remove "$BUNDLE"
}

# settle_switch: what a switch left that was killed. If the new version had come up, what waited goes;
# else what there is of the new version does, and the old one is there again, stopped.
settle_switch() {
    find_versions
    [ -n "$PREVIOUS_NAMES" ] || return 0
    if switch_is_over; then
        say settling_over "$PREVIOUS"
        drop_previous
        return
    fi
    say settling "$PREVIOUS"
    kept=' '
    while IFS='|' read -r name digest folder; do
        case $name in
        '' | *.previous) continue ;;
        esac
        if [ "${digest:-unknown}" = "$PREVIOUS" ]; then
            kept="$kept$name "
        else
            docker_ rm -f "$name" >/dev/null || fail e_remove "$name"
        fi
    done <<CONTAINERS
$CONTAINERS
CONTAINERS
    for name in $PREVIOUS_NAMES; do
        case $kept in
        *" ${name%.previous} "*) # somebody made another one meanwhile
            docker_ rm -f "$name" >/dev/null || fail e_remove "$name"
            continue
            ;;
        esac
        answer=$(docker_ rename "$name" "${name%.previous}" 2>&1) ||
            fail e_switch "$name" "$(last_line "$answer")"
    done
}

# go_back: after the containers of this version are removed; the old ones go on. Runs while the program
# ends, maybe because the disk is full: it writes no file, and it fails at nothing.
go_back() {
    [ -n "$SWITCHING" ] || return 0
    say going_back "$OTHER"
    waiting=
    for name in $WAITING; do
        ! docker_ inspect "$name.previous" >/dev/null 2>&1 || waiting="$waiting $name.previous"
    done
    # A stop whose client was interrupted may still be under way, and a start before its end is lost.
    # shellcheck disable=SC2086  # names have no blanks
    [ "$SWITCHING" = renaming ] || docker_ stop -t 10 $waiting >/dev/null 2>&1
    lost=
    for name in $waiting; do
        answer=$(docker_ rename "$name" "${name%.previous}" 2>&1) &&
            answer=$(docker_ start "${name%.previous}" 2>&1) && continue
        lost=1
        say not_back "$name" "$(last_line "$answer")" "${OTHER_FOLDER:-?}"
    done
    [ -n "$lost" ] || say gone_back "$OTHER"
}

# require_this_version: for what starts single services.
require_this_version() {
    find_versions
    [ -z "$OTHERS" ] || fail e_other_version "$OTHER" "${OTHER_FOLDER:-?}" "$BUNDLE_DIGEST" "$PROGRAM"
    [ -z "$PREVIOUS_NAMES" ] || switch_is_over || fail e_unfinished "$PROGRAM" "$PROGRAM"
}

# say_switched: how to go back.
say_switched() {
    [ -z "$SWITCHED" ] || say switched "$SWITCHED" "$PROGRAM" "$PROGRAM"
}

# roll_back: `up` of the version before, by its own program, with the state of now.
roll_back() {
    read_manifest
    find_versions
    find_before
    [ -n "$BEFORE" ] || fail e_none_before "$STATE_DIR/versions"
    [ -n "$BEFORE_FOLDER" ] || fail e_before_unknown
    [ -r "$BEFORE_FOLDER/airgap" ] || fail e_before_gone "$BEFORE" "$BEFORE_FOLDER"
    found=$(digest_in "$BEFORE_FOLDER")
    [ "$found" = "$BEFORE" ] || fail e_before_replaced "$BEFORE" "$BEFORE_FOLDER" "${found:--}"
    say rolling_back "$BEFORE" "$BEFORE_FOLDER"
    [ -z "$SCRATCH" ] || rm -rf -- "$SCRATCH"
    trap - EXIT
    AIRGAP_STATE_DIR=$STATE_DIR
    export AIRGAP_STATE_DIR
    [ "$LANGUAGE_OF_MESSAGES" = en ] || LC_ALL=zh # this program set it to C for itself
    exec sh "$BEFORE_FOLDER/airgap" up
}

# say_versions: for status.
say_versions() {
    find_versions
    find_before
    [ -z "$THERE" ] || say status_version "$THERE" "${THERE_FOLDER:-?}"
    [ -z "$BEFORE" ] || say status_before "$BEFORE" "${BEFORE_FOLDER:-?}" "$PROGRAM"
    if [ -n "$PREVIOUS_NAMES" ] && ! switch_is_over; then
        say status_unfinished "$PROGRAM" "$PROGRAM"
        well=1
    fi
}
