# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# One at a time works in a folder. JOINING is what the names of files begin with by which joins into one folder,
# and repairs, know of each other.

# take_turn: two joins into one folder would destroy each other's work. Each leaves an empty file whose
# name says which process it is, looks for others, and, where there is none, leaves a second one: it is at
# work. Of two that see each other the one with the lower number waits for what the other finds, so that one
# of them works. A file of a process that ended, however it did, counts for nothing.
take_turn() {
    copied=0
    mark ''
    TURN=$marked
    own=$process
    patience=600
    for turn in "$JOINING".*; do
        case $turn in "$TURN" | *.tar) continue ;; esac
        while is_alive "$turn" && [ -e "$turn" ]; do
            if [ -e "${turn%.works}.works" ] || [ "$process" -lt "$own" ] || [ "$patience" -eq 0 ]; then
                fail e_join_busy "$process" "$joined"
            fi
            patience=$((patience - 1))
            sleep 0.1
        done
        rm -f -- "$turn"
    done
    printf '' 2>/dev/null >"$TURN.works" || fail e_join_dest "${JOINING%/*}"
    # A tar, or a cp, that outlived its join still writes.
    for turn in "$JOINING".*.tar; do
        [ -e "$turn" ] || continue
        patience=100
        while is_alive "$turn"; do
            ! is_own_writer "$turn" || kill -9 "$process" 2>/dev/null
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || fail e_join_busy "$process" "$joined"
            sleep 0.1
        done
        rm -f -- "$turn"
    done
}

# mark ENDING: leaves the file of the process that runs this, which may be a part of a pipe; sets marked.
mark() {
    read -r stat </proc/self/stat
    process=${stat%% *}
    began_at "$stat"
    marked=$JOINING.$process.$began_at$1
    printf '' 2>/dev/null >"$marked" || fail e_join_dest "${JOINING%/*}"
}

# began_at STAT: sets began_at to when the process began, in ticks since the host did, and its state; no
# two processes have the same number and the same tick. See proc(5); the name may hold blanks.
began_at() {
    # shellcheck disable=SC2086
    set -- ${1##*) }
    state=$1
    shift 19
    began_at=$1
}

# is_alive TURN: sets process.
is_alive() {
    process=${1#"$JOINING".}
    began=${process#*.}
    process=${process%%.*}
    began=${began%%.*}
    is_number "$process" || return 1
    read -r stat 2>/dev/null <"/proc/$process/stat" || return 1
    began_at "$stat"
    [ "$began_at" = "$began" ] && [ "$state" != Z ]
}

# copy FILE… TO: into partial. A signal ends it with this program, and the next run one that outlived this
# program. Owners are not kept: not every disk has some, and there cp would fail for root.
copy() {
    {
        mark .tar
        exec cp -- "$@"
    } 2>"$SCRATCH/tar" &
    await $! || write_failed "$partial"
    copied=$((copied + 1))
    # To start a program for each of many files takes long.
    [ $((copied % 200)) -ne 0 ] || sweep
}

# sweep: takes away what says that a tar or cp works which has ended.
sweep() {
    set --
    for turn in "$JOINING".*.tar; do
        is_alive "$turn" || set -- "$@" "$turn"
    done
    rm -f -- "$@"
}

# is_own_writer TURN: is its process, which is alive, a tar or cp that this user began, or a par2? Anybody may have
# left a file of that name, and only what a join or repair began may be killed.
is_own_writer() {
    user=$(id -u)
    [ "$(stat -c %u "$1" 2>/dev/null),$(stat -c %u "/proc/$process" 2>/dev/null)" = "$user,$user" ] || return 1
    case $(tr '\000' ' ' 2>/dev/null <"/proc/$process/cmdline") in
    'tar -xof - '* | 'cp -- '* | *'/ld-linux-x86-64.so.2 --library-path '*'/par2 repair '*) ;;
    *) return 1 ;;
    esac
}

# give_turn: when the program ends; its children were told to.
give_turn() {
    wait
    [ -z "$REPAIRING" ] || rm -rf -- "$REPAIRING"
    rm -f -- "$TURN" "$TURN.works"
    sweep
}
