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
    [ ! -e "$HERE/airgap.conf" ] || put_copy "$HERE/airgap.conf" "$partial/airgap.conf"
    # What is to survive a power cut is on the disk before it has its name.
    sync -f "$partial" 2>/dev/null || sync
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

# find_here: writes to here "<sha256> <bytes> <path>" of what this bundle has by its MANIFEST and by size,
# and sets HARD where a file can have a second name in the new folder.
find_here() {
    compare_sizes "$HERE" "$HERE/MANIFEST"
    mv "$SCRATCH/whole" "$SCRATCH/here"
    : >"$SCRATCH/changed"
    rm -f -- "$JOINING.link"
    HARD=1
    ln -- "$HERE/MANIFEST" "$JOINING.link" 2>/dev/null || HARD=
    rm -f -- "$JOINING.link"
}

# choose WHAT: of the files in wanted, which are to be written yet, prints
#   from-stream  the paths of those that are in the parts
#   from-here    "<path in this bundle><tab><path>" of those whose content is here, and not in the parts
#   twice        "<path><tab><path>" of those whose content is in the new folder under another path
#   nowhere      "<sha256> <bytes> <path>" of those whose content is in none of these
#   room         how many bytes those will take that are not second names
choose() {
    awk -v what="$1" -v links="$LINKS" -v hard="$HARD" '
        function taken(size) { room += size + 4096 - size % 4096 }
        pass == 1 { wanted[$0] = 1; next }
        pass == 2 {
            type = $3
            sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, "")
            if (type == 0 || links) sent[$0] = type + 1
            next
        }
        pass == 3 { changed[$0] = 1; next }
        pass == 4 {
            sum = $1
            sub(/^[^ ]* [^ ]* /, "")
            if ($0 in changed) next
            if (!(sum in here)) here[sum] = $0
            here_at[$0] = sum
            next
        }
        # Twice over MANIFEST: first, which content will be in the new folder without this bundle.
        pass == 5 {
            sum = $1
            sub(/^[^ ]* [^ ]* /, "")
            if (FNR == 1 || (sum in there)) next
            if ($0 in sent ? sent[$0] == 1 : !($0 in wanted)) there[sum] = $0
            next
        }
        FNR > 1 {
            line = $0
            sum = $1
            size = $2
            sub(/^[^ ]* [^ ]* /, "")
            if (!($0 in wanted)) next
            if ($0 in sent) {
                if (what == "from-stream") print
                taken(sent[$0] == 1 ? size : 0)
            } else if (sum in there) {
                if (what == "twice") print there[sum] "\t" $0
                if (!hard) taken(size)
            } else if (sum in here) {
                if (what == "from-here") print (here_at[$0] == sum ? $0 : here[sum]) "\t" $0
                if (!hard) taken(size)
            } else {
                if (what == "nowhere") print line
                taken(size)
            }
        }
        END { if (what == "room") printf "%.0f", room }' pass=1 "$SCRATCH/wanted" pass=2 "$SCRATCH/entries" \
        pass=3 "$SCRATCH/changed" pass=4 "$SCRATCH/here" pass=5 "$SCRATCH/expected" pass=6 "$SCRATCH/expected"
}

# need_apply_room: is there room for what must be written?
need_apply_room() {
    room=$(choose room)
    find_free "$dest"
    [ -z "$FREE" ] || [ "$FREE" -ge "$room" ] || fail e_apply_room "$dest" "$(human "$room")" "$(human "$FREE")"
}

# take_from_here: gives what is here its place in the new folder. What turns out to have changed is looked
# for under other names, until nothing is left to try.
take_from_here() {
    while choose from-here | write_scratch copies || exit 1; [ -s "$SCRATCH/copies" ]; do
        say apply_taking "$(grep -c '' "$SCRATCH/copies")" "$HERE"
        put_files "$HERE" "$SCRATCH/copies"
        awk -F "$TAB" 'pass == 1 { to[$2] = 1; next } { line = $0; sub(/^[^ ]* [^ ]* /, ""); if ($0 in to) print line }' \
            pass=1 "$SCRATCH/copies" pass=2 "$SCRATCH/expected" | write_scratch whole || exit 1
        : >"$SCRATCH/problems"
        compare_hashes "$partial"
        awk -F "$TAB" '
            pass == 1 { sub(/^[^ ]* [^ ]* [^ ]* /, ""); bad[$0] = 1; next }
            $2 in bad { print $1 }' pass=1 "$SCRATCH/problems" pass=2 "$SCRATCH/copies" |
            cat "$SCRATCH/changed" - | write_scratch changed.new || exit 1
        mv "$SCRATCH/changed.new" "$SCRATCH/changed"
        awk -F "$TAB" '
            pass == 1 { sub(/^[^ ]* [^ ]* [^ ]* /, ""); bad[$0] = 1; next }
            pass == 2 { if (!($2 in bad)) done[$2] = 1; next }
            !($0 in done)' pass=1 "$SCRATCH/problems" pass=2 "$SCRATCH/copies" pass=3 "$SCRATCH/wanted" |
            write_scratch left || exit 1
        mv "$SCRATCH/left" "$SCRATCH/wanted"
    done
}

# put_files FOLDER LIST: for each "<path><tab><path>", FOLDER's first path as the second one of the new folder.
# Neighbours that keep their names go many at once, as to start a program for each of many files takes long.
put_files() {
    awk -F "$TAB" '{ print $2 }' "$2" | tr '\n' '\0' | (cd "$partial" && xargs -0 rm -f --)
    awk -F "$TAB" 'sub("/[^/]*$", "", $2) && !seen[$2]++ { print $2 }' "$2" | tr '\n' '\0' |
        (cd "$partial" && xargs -0 -r mkdir -p --) 2>"$SCRATCH/tar" || put_failed
    base=$1 list=$2 into=
    set --
    while IFS="$TAB" read -r from to; do
        folder=$partial
        case $to in */*) folder=$partial/${to%/*} ;; esac
        # A second name for a link would lead elsewhere from its new place.
        if [ "${from##*/}" != "${to##*/}" ] || [ -h "$base/$from" ] || [ -x "$base/$from" ]; then
            put_file "$base/$from" "$partial/$to"
            continue
        fi
        if [ "$folder" != "$into" ] || [ "$#" -eq 200 ]; then
            put_neighbours "$into" "$@"
            set --
            into=$folder
        fi
        set -- "$@" "$base/$from"
    done <"$list"
    put_neighbours "$into" "$@"
}

# put_neighbours FOLDER [FILE…]
put_neighbours() {
    [ "$#" -gt 1 ] || return 0
    target=$1
    shift
    if [ -z "$HARD" ]; then
        cp -p -- "$@" "$target/" 2>"$SCRATCH/tar" || put_failed
    elif ! ln -- "$@" "$target/" 2>/dev/null; then
        for file in "$@"; do
            [ -e "$target/${file##*/}" ] || put_copy "$file" "$target/${file##*/}"
        done
    fi
}

# put_file FILE FILE: all that can be run comes in the parts, so this one is not to be, whatever it was.
put_file() {
    if [ -x "$1" ]; then
        put_copy "$1" "$2"
        chmod a-x -- "$2" 2>/dev/null
    elif [ -z "$HARD" ] || [ -h "$1" ] || ! ln -- "$1" "$2" 2>/dev/null; then
        put_copy "$1" "$2"
    fi
}

# put_copy FILE FILE
put_copy() {
    cp -p -- "$1" "$2" 2>"$SCRATCH/tar" || put_failed
}

put_failed() {
    fail e_join_tar "$partial" "$(last_line "$(cat "$SCRATCH/tar")")"
}

# take_from_docker: what Docker alone has of this bundle's image.
take_from_docker() {
    choose nowhere | awk '/^[^ ]* [^ ]* image\/blobs\/sha256\// { print $1, $2 }' |
        write_scratch layers || exit 1
    { [ -s "$SCRATCH/layers" ] && image_is_saved; } || return 0
    say saved_reading "$IMAGE"
    mkdir -p -- "$partial/image/blobs/sha256" 2>"$SCRATCH/tar" || put_failed
    awk '{ print $2 }' "$SCRATCH/layers" | write_scratch blob-sizes || exit 1
    (read_saved "$SCRATCH/blob-sizes" keep_layer | write_scratch kept) &
    await $! || exit 1
    ! [ -s "$SCRATCH/tar" ] || put_failed
    awk 'pass == 1 { kept[$0] = 1; next } !($0 in kept)' pass=1 "$SCRATCH/kept" pass=2 "$SCRATCH/wanted" |
        write_scratch left || exit 1
    mv "$SCRATCH/left" "$SCRATCH/wanted"
}

# keep_layer: a file that Docker saves has come as input. If it is wanted, it gets its place, which is printed.
keep_layer() {
    layer=$partial/image/blobs/.layer
    cat 2>"$SCRATCH/tar" >"$layer" || return
    sum=$(sha256sum <"$layer")
    sum=${sum%% *}
    if grep -q "^$sum " "$SCRATCH/layers"; then
        chmod 644 "$layer" && mv -- "$layer" "$partial/image/blobs/sha256/$sum" && echo "image/blobs/sha256/$sum"
    else
        rm -f -- "$layer"
    fi
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
