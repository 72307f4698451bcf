# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# What of the next bundle this host has already, in this bundle or in Docker alone.

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

# take_from_docker: what Docker alone has of this bundle's image.
take_from_docker() {
    choose nowhere | awk '/^[^ ]* [^ ]* image\/blobs\/sha256\// { print $1, $2 }' |
        write_scratch layers || exit 1
    { [ -s "$SCRATCH/layers" ] && image_is_saved; } || return 0
    say saved_reading "$IMAGE"
    mkdir -p -- "$partial/image/blobs/sha256" 2>"$SCRATCH/tar" || write_failed "$partial"
    awk '{ print $2 }' "$SCRATCH/layers" | write_scratch blob-sizes || exit 1
    (read_saved "$SCRATCH/blob-sizes" keep_layer | write_scratch kept) &
    await $! || exit 1
    ! [ -s "$SCRATCH/tar" ] || write_failed "$partial"
    awk 'pass == 1 { kept[$0] = 1; next } !($0 in kept)' pass=1 "$SCRATCH/kept" pass=2 "$SCRATCH/wanted" |
        write_scratch left || exit 1
    mv "$SCRATCH/left" "$SCRATCH/wanted"
}

# keep_layer: a file that Docker saves has come as input. If it is wanted, it gets its place, which is printed.
keep_layer() {
    layer=$partial/image/blobs/.layer.$$ # one that outlived its run may write too
    cat 2>"$SCRATCH/tar" >"$layer" || return
    sum=$($SHA256 <"$layer")
    sum=${sum%% *}
    if grep -q "^$sum " "$SCRATCH/layers"; then
        chmod 644 "$layer" && mv -- "$layer" "$partial/image/blobs/sha256/$sum" && echo "image/blobs/sha256/$sum"
    else
        rm -f -- "$layer"
    fi
}
