# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# From parts to the folder of the bundle, which has its name only when every file is as MANIFEST says.
# Until then it is DEST/.<bundle>.partial, and what is whole there is not written again.

# JOINING is what the names of files begin with by which joins into one folder know of each other.

# join_parts [--load] DEST [FOLDER…]
join_parts() {
    load=
    if [ "${1-}" = --load ]; then
        load=1
        shift
    fi
    [ -n "${1-}" ] || misused e_folder_needed join "$PROGRAM"
    refuse_options join "$@"
    dest=$1
    shift
    [ "$#" -gt 0 ] || set -- "$HERE"
    if [ -n "$load" ]; then
        DOCKER=${AIRGAP_DOCKER:-docker}
        require_docker
    fi
    find_parts "$@"
    [ -z "$DELTA_OF" ] || fail e_join_delta "$PART_BUNDLE"
    { mkdir -p -- "$dest" && [ -w "$dest" ]; } 2>/dev/null || fail e_join_dest "$dest"
    dest=$(readlink -f -- "$dest")
    joined=${dest%/}/$PART_BUNDLE
    partial=${dest%/}/.$PART_BUNDLE.partial
    JOINING=${dest%/}/.$PART_BUNDLE.joining
    if [ -e "$joined" ] || [ -h "$joined" ]; then
        check_joined
    else
        take_turn
        join_stream
    fi
    say joined "$joined" "sha256:$PART_DIGEST" "$joined/airgap"
}

# check_joined: the folder is there already. Is it that of this bundle, and has Docker the image?
check_joined() {
    sum=$(sha256sum 2>/dev/null <"$joined/MANIFEST")
    [ "${sum%% *}" = "$PART_DIGEST" ] || fail e_join_other "$joined" "$PART_DIGEST"
    list_expected "$joined/MANIFEST"
    compare_sizes "$joined" "$SCRATCH/expected"
    compare_hashes "$joined"
    grep -v '^extra ' "$SCRATCH/problems" | write_scratch lacking || exit 1
    if [ -s "$SCRATCH/lacking" ]; then
        print_problems <"$SCRATCH/lacking" >&2
        fail e_join_lacks "$joined"
    fi
    say join_there "$joined"
    [ -n "$load" ] || return 0
    use_settings "$joined"
    if ! have_image; then
        check_for_join
        load_from_stream
    fi
}

# check_for_join: is all that came what it must be? Reads every part, and of the stream the headers.
check_for_join() {
    hash_parts
    say_parts
    [ "$MISSING,$DAMAGED" = none,none ] || give_receipt ''
    need_whole_parts
    read_stream
    need_all_entries
}

join_stream() {
    if [ -h "$partial" ] || { [ -e "$partial" ] && ! [ -d "$partial" ]; }; then
        fail e_join_partial "$partial"
    fi
    check_for_join
    list_expected "$SCRATCH/MANIFEST"
    choose_links
    clear_strays "$partial"
    find_lacking "$partial"
    need_room "$dest"
    take_out "$partial"
    check_taken "$partial"
    if [ -n "$load" ]; then
        use_settings "$partial"
        load_from_stream
    fi
    # What is to survive a power cut is on the disk before it has its name.
    sync -f "$partial" 2>/dev/null || sync
    { [ ! -e "$joined" ] && mv -- "$partial" "$joined"; } || fail e_join_name "$partial" "$joined"
}

# list_expected MANIFEST: writes to expected what is to be in the folder: not the image with --load.
list_expected() {
    left_out=0
    if [ -n "$load" ]; then
        left_out=$(grep -c '^[^ ]* [^ ]* image/' "$1")
        grep -v '^[^ ]* [^ ]* image/' "$1" | write_scratch expected || exit 1
    else
        write_scratch expected <"$1"
    fi
    # Of fewer lines all could be right.
    [ "$(($(grep -c '' "$SCRATCH/expected") + left_out))" = "$(grep -c '' "$1")" ] || fail e_scratch "$SCRATCH"
}

# use_settings FOLDER: the image of the bundle there; of Docker's client only this host may say what it is.
use_settings() {
    HERE=$1 IMAGE='' IMAGE_ID='' IMAGE_MANIFEST=''
    read_settings "$1/bundle.conf" "$BUNDLE_KEYS $SETTING_KEYS"
    DOCKER=${AIRGAP_DOCKER:-docker}
    case $IMAGE,$IMAGE_ID,$IMAGE_MANIFEST in
    localhost/airgap/*,sha256:*,sha256:*) ;;
    *) fail e_bundle_key "$1/bundle.conf" IMAGE ;;
    esac
}

# load_from_stream: the image goes from the parts into Docker.
load_from_stream() {
    if [ -z "$IMAGE_AT" ]; then
        fail e_join_no_image "$PART_BUNDLE"
    fi
    if have_image; then
        say image_there "$IMAGE"
    else
        load_image_from "$((STREAM_BYTES - IMAGE_AT))" stream "$IMAGE_AT" "$STREAM_BYTES"
    fi
}

# take_turn: two joins into one folder would destroy each other's work. Each leaves an empty file whose
# name says which process it is, looks for others, and, where there is none, leaves a second one: it is at
# work. Of two that see each other the one with the lower number waits for what the other finds, so that one
# of them works. A file of a process that ended, however it did, counts for nothing.
take_turn() {
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
    # A tar that outlived its join still writes.
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

# is_own_writer TURN: is its process, which is alive, a tar that this user began, or a par2? Anybody may have
# left a file of that name, and only what a join or repair began may be killed.
is_own_writer() {
    user=$(id -u)
    [ "$(stat -c %u "$1" 2>/dev/null),$(stat -c %u "/proc/$process" 2>/dev/null)" = "$user,$user" ] || return 1
    case $(tr '\000' ' ' 2>/dev/null <"/proc/$process/cmdline") in
    'tar -xof - '* | *'/ld-linux-x86-64.so.2 --library-path '*'/par2 repair '*) ;;
    *) return 1 ;;
    esac
}

# give_turn: when the program ends; its children were told to.
give_turn() {
    wait
    [ -z "$REPAIRING" ] || rm -rf -- "$REPAIRING"
    rm -f -- "$TURN" "$TURN.works"
    for turn in "$JOINING".*.tar; do
        is_alive "$turn" || rm -f -- "$turn"
    done
}
