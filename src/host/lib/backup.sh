# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# backup and restore: the state folder as one file, and back. What that consists of is known to
# state_files.py alone, which reads and writes it while the services run.
#
# A restore never touches the state folder: what the archive holds goes into <state>.restoring, which
# is called <state>.restored once it is whole and on the disk; then the two trade places. Killed in
# between, the next command finishes that.

# back_up FILE
back_up() {
    require_new_file backup "$1"
    [ -d "$STATE_DIR" ] || fail e_no_state "$STATE_DIR"
    require_open "$STATE_DIR"
    read_manifest
    have_image || load_image
    need_scratch
    begin_file backup "$1"
    say backing_up "$STATE_DIR"
    on_state state_files save "$BUNDLE" "$BUNDLE_DIGEST" </dev/null >"$UNFINISHED" 2>"$SCRATCH/problem" ||
        fail_backup "$1"
    # Docker's client may end well though not everything has come; the list comes last.
    case $(tar -tf "$UNFINISHED" 2>/dev/null | tail -n 1) in
    airgap-backup.json) ;;
    *) fail e_backup_short "$1" ;;
    esac
    left_out=$(last_line "$(cat "$SCRATCH/problem")")
    finish_file backup "$1"
    say backed_up "$1" "$(human "$(wc -c <"$1")")" "$PROGRAM" "$1"
    [ "$left_out" = 0 ] || say backup_left_out "$left_out"
}

# require_new_file COMMAND FILE: a file that is not there, in a folder that is.
require_new_file() {
    case $2 in
    -*) misused e_extra_argument "$1" "$2" "$PROGRAM" ;;
    esac
    if [ -e "$2" ] || [ -L "$2" ]; then
        fail e_file_there "$1" "$2"
    fi
}

# begin_file COMMAND FILE: makes UNFINISHED beside it, which nobody else may read.
begin_file() {
    UNFINISHED=$2.$$.airgap-new
    answer=$( (umask 077 && : >"$UNFINISHED") 2>&1) || {
        UNFINISHED=
        fail e_file_make "$1" "$2" "$(last_line "$answer")"
    }
}

# finish_file COMMAND FILE: gives it its name, once it is on the disk.
finish_file() {
    on_disk "$UNFINISHED"
    [ ! -e "$2" ] || fail e_file_there "$1" "$2"
    answer=$(mv -- "$UNFINISHED" "$2" 2>&1) || fail e_file_make "$1" "$2" "$(last_line "$answer")"
    UNFINISHED=
    on_disk "$(dirname -- "$2")"
}

# fail_backup FILE: says why state_files.py did not come to an end.
fail_backup() {
    read_problem
    case $problem in
    restless) fail e_backup_restless "$STATE_DIR/$reason" "$PROGRAM" "$PROGRAM" ;;
    unreadable) fail e_backup_unreadable "$STATE_DIR/$reason" "$(owner)" ;;
    *) fail e_file_make backup "$1" "$reason" ;;
    esac
}

# restore FILE
restore() {
    if [ ! -f "$1" ] || [ ! -r "$1" ]; then
        fail e_no_backup "$1"
    fi
    read_manifest
    require_this_version
    old=$STATE_DIR new=$STATE_DIR.restoring ready=$STATE_DIR.restored
    if [ -d "$old" ] && [ "$(stat -c %d "$old")" != "$(stat -c %d "$(dirname "$old")")" ]; then
        fail e_restore_mount "$old" "$CONF"
    fi
    # Whole, but the services had not been stopped yet: what is asked for now counts.
    [ ! -d "$ready" ] || [ -e "$new" ] || mv -- "$ready" "$new"
    find_services
    stopped=$(running_on_state)
    for service in $stopped; do
        refuse_composed "$(container_of "$service")"
    done
    before=$PUBLISHED

    say restore_reading "$1"
    STATE_DIR=$new
    prepare_state
    need_scratch
    in_image --interactive --name "airgap-$BUNDLE-restore" --entrypoint /usr/bin/python3.11 "$IMAGE" \
        -c "$(cat "$HERE/lib/state_files.py")" /state restore "$BUNDLE" <"$1" 2>"$SCRATCH/problem" ||
        fail_restore "$1"
    for name in $STATE_NAMES; do
        [ ! -e "$new/$name" ] || note_made "$name"
    done
    STATE_DIR=$old
    [ ! -f "$old/versions" ] || cp -p -- "$old/versions" "$new/versions" || fail e_restore_move "$new" "$old"
    { [ ! -e "$ready" ] && mv -- "$new" "$ready"; } || fail e_restore_move "$new" "$ready"
    on_disk "$ready"

    for service in $stopped; do
        say restore_stopping "$(name_of "$service")"
        end_service "$service"
    done
    aside=
    if [ -e "$old" ]; then
        aside=$old.before-restore-$(date +%Y%m%dT%H%M%S)
        mv -- "$old" "$aside" || fail e_restore_move "$old" "$aside"
    fi
    mv -- "$ready" "$old" || fail e_restore_move "$ready" "$old"
    on_disk "$(dirname "$old")"
    say restored "$STATE_DIR"
    [ -z "$aside" ] || say restore_aside "$aside"
    leave_charge # each start takes its own
    [ -z "$stopped" ] || start_restored
}

# running_on_state: the services that run and have the state folder, or a part of it.
running_on_state() {
    for service in $SERVICES; do
        case $service,$DEVICE in
        allow,* | tls,* | server,cpu) continue ;;
        esac
        ! running "$service" || echo "$service"
    done
}

# start_restored: what was stopped, where it belongs to the state of now, and what that publishes anew.
start_restored() {
    find_services
    for service in $SERVICES; do
        case " $(echo "$stopped" | tr '\n' ' ') " in
        *" $service "*) ;;
        *)
            case $service in
            agent-*) ;;
            *) continue ;;
            esac
            case "$before " in
            *" ${service#agent-} "*) continue ;;
            esac
            ;;
        esac
        sh "$HERE/airgap" start "$service" || exit 1
    done
}

# fail_restore FILE: says why state_files.py refused it, which left nothing of it. The state is as it was.
fail_restore() {
    read_problem
    case $reason in
    *'already in use'*) ;;
    *) rm -rf -- "$new" 2>/dev/null ;;
    esac
    case $problem,$reason in
    damaged,*) fail e_restore_damaged "$1" "$reason" ;;
    hostile,*) fail e_restore_hostile "$1" "$reason" ;;
    other_bundle,*) fail e_restore_other "$1" "$reason" "$BUNDLE" ;;
    ,*'already in use'*) fail e_restore_busy "$BUNDLE" ;;
    *) fail e_restore_write "$1" "$STATE_DIR" "$reason" "$PROGRAM" "$1" ;;
    esac
}

# finish_restore: the second half of the trade of places, where a kill came in between.
finish_restore() {
    [ ! -e "$STATE_DIR" ] && [ -d "$STATE_DIR.restored" ] && ! others_work || return 0
    mv -- "$STATE_DIR.restored" "$STATE_DIR" || fail e_restore_move "$STATE_DIR.restored" "$STATE_DIR"
    say restore_finished "$STATE_DIR" "$PROGRAM" >&2
}
