# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# From parts to the folder of the bundle, which has its name only when every file is as MANIFEST says.
# Until then it is DEST/.<bundle>.partial, and what is whole there is not written again.

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
    on_disk "$partial"
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
