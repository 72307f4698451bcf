# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# From this bundle and a delta to the folder of the next one, which has its name only when every file is
# as its MANIFEST says. This bundle is only read. What is the same in both is one file with two names
# where the file system can do that, and a copy where it cannot.
#
# What the inventory said does not count: each file is taken from the parts if its content is there, else
# from where this bundle's MANIFEST has that content, and hashed in its new place.

# apply_parts FOLDER… [--to FOLDER]
apply_parts() {
    dest=$(dirname -- "$HERE")
    left=$#
    while [ "$left" -gt 0 ]; do
        argument=$1
        shift
        left=$((left - 1))
        case $argument in
        --to)
            { [ "$left" -gt 0 ] && [ -n "$1" ]; } || misused e_value_needed apply --to "$PROGRAM"
            dest=$1
            shift
            left=$((left - 1))
            ;;
        -*) misused e_extra_argument apply "$argument" "$PROGRAM" ;;
        *) set -- "$@" "$argument" ;;
        esac
    done
    [ -n "${1-}" ] || misused e_folder_needed apply "$PROGRAM"
    find_parts "$@"
    read_manifest
    if [ "$BUNDLE_DIGEST" = "sha256:$PART_DIGEST" ]; then
        say apply_same "$HERE" "$BUNDLE_DIGEST"
        return
    fi
    { mkdir -p -- "$dest" && [ -w "$dest" ]; } 2>/dev/null || fail e_join_dest "$dest"
    dest=$(readlink -f -- "$dest")
    name=$PART_BUNDLE-$(cut12 "$PART_DIGEST")
    joined=${dest%/}/$name
    partial=${dest%/}/.$name.partial
    JOINING=${dest%/}/.$name.joining
    load=
    if [ -e "$joined" ] || [ -h "$joined" ]; then
        check_joined
    else
        take_turn
        apply_stream "$1"
    fi
    say applied "$joined" "sha256:$PART_DIGEST" "$HERE" "$joined/airgap"
}

# apply_stream FOLDER: the first one with parts.
apply_stream() {
    if [ -h "$partial" ] || { [ -e "$partial" ] && ! [ -d "$partial" ]; }; then
        fail e_join_partial "$partial"
    fi
    hash_parts
    say_parts
    if [ "$MISSING,$DAMAGED" != none,none ]; then
        # As the program among the parts says it, and with the receipt there.
        HERE=$(readlink -f -- "$1")
        PROGRAM=$HERE/airgap-parts
        give_receipt ''
        need_whole_parts
    fi
    read_stream
    check_sender
    list_expected "$SCRATCH/MANIFEST"
    choose_links
    [ -n "$LINKS" ] || : >"$SCRATCH/links" # then they are files like the others
    clear_strays "$partial"
    find_lacking "$partial"
    write_scratch wanted <"$SCRATCH/lacking"
    find_here
    need_apply_room
    { umask 022 && mkdir -p -- "$partial"; } 2>/dev/null || fail e_join_dest "$dest"
    tr '\n' '\0' <"$SCRATCH/wanted" | (cd "$partial" && xargs -0 rm -f --)
    take_from_here
    take_from_docker
    need_all_contents
    choose from-stream | write_scratch lacking || exit 1
    room=$(choose room)
    take_out "$partial"
    choose twice | write_scratch copies || exit 1
    put_files "$partial" "$SCRATCH/copies"
    write_scratch lacking <"$SCRATCH/wanted"
    check_taken "$partial"
    # The operator's settings go along; they are not of the bundle.
    if [ -e "$HERE/airgap.conf" ]; then
        copy "$HERE/airgap.conf" "$partial/airgap.conf"
        # Whoever may read it still may, where the disk keeps owners.
        chown "$(stat -L -c %u:%g "$HERE/airgap.conf")" "$partial/airgap.conf" 2>/dev/null
    fi
    # What is to survive a power cut is on the disk before it has its name.
    on_disk "$partial"
    { [ ! -e "$joined" ] && mv -- "$partial" "$joined"; } || fail e_join_name "$partial" "$joined"
}

# check_sender: with PUBLIC_KEY, is what came signed with that key? Before anything is written.
check_sender() {
    [ -n "$PUBLIC_KEY" ] || return 0
    awk '$5 == "MANIFEST.minisig" && NF == 5 { print $1, $2 }' "$SCRATCH/entries" | write_scratch runs || exit 1
    if read -r from to <"$SCRATCH/runs" && [ "$((to - from))" -le 8192 ]; then
        { stream "$from" "$to"; head -c 1024 /dev/zero; } 2>/dev/null |
            tar -xof - -C "$SCRATCH" 2>/dev/null || fail e_scratch "$SCRATCH"
    fi
    require_signature "$SCRATCH"
}

# need_apply_room: is there room for what must be written?
need_apply_room() {
    room=$(choose room)
    has_room "$dest" || fail e_apply_room "$dest" "$(human "$room")" "$(human "$FREE")"
}

# need_all_contents: ends the program where a content is nowhere, and says what it was here.
need_all_contents() {
    choose nowhere | write_scratch nowhere || exit 1
    [ -s "$SCRATCH/nowhere" ] || return 0
    awk '
        pass == 1 { if (FNR > 1) { sum = $1; sub(/^[^ ]* [^ ]* /, ""); if (!(sum in here)) here[sum] = $0 }; next }
        $1 in here { if (!said[$1]++) print "changed", here[$1]; next }
        { sub(/^[^ ]* [^ ]* /, ""); print "unknown", $0 }' \
        pass=1 "$HERE/MANIFEST" pass=2 "$SCRATCH/nowhere" | write_scratch lacks || exit 1
    while IFS= read -r line; do
        kind=${line%% *}
        path=${line#* }
        if [ "$kind" = unknown ]; then
            say apply_unknown "$path"
        elif [ -e "$HERE/$path" ]; then
            say p_changed "$path"
        else
            say p_missing "$path"
        fi
    done <"$SCRATCH/lacks"
    count=$(grep -c '' "$SCRATCH/lacks")
    if grep -q '^unknown ' "$SCRATCH/lacks"; then
        fail e_apply_other "$count" "$HERE" "$PROGRAM"
    fi
    fail e_apply_changed "$count" "$HERE" "$PROGRAM"
}
