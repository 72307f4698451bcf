# shellcheck shell=sh disable=SC2154  # shared by the pieces
# The inventory: what is here, so that a sender need not send it again.
#   airgap-inventory 1
#   bundle <name> sha256:<of MANIFEST>
#   <sha256> <bytes>   each content that is here and whole, sorted; 0 bytes where Docker alone has it
#   end <sha256 of the lines above>

# take_inventory [FILE]: reads every byte of the bundle once, on all cores.
take_inventory() {
    inventory=${1:-$PWD/$BUNDLE-inventory.txt}
    # In the bundle's own folder it would be a file too many.
    [ -n "${1-}" ] || [ "$(pwd -P)" != "$HERE" ] || inventory=$(dirname -- "$HERE")/$BUNDLE-inventory.txt
    { [ -w "$(dirname -- "$inventory")" ] && ! [ -d "$inventory" ]; } || fail e_inventory_file "$inventory" "$PROGRAM"
    need_scratch
    read_manifest
    compare_sizes "$HERE" "$HERE/MANIFEST"
    compare_hashes "$HERE"
    list_contents
    {
        echo 'airgap-inventory 1'
        echo "bundle $BUNDLE $BUNDLE_DIGEST"
        cat "$SCRATCH/contents"
    } | write_scratch inventory || exit 1
    sum=$(sha256sum <"$SCRATCH/inventory")
    echo "end ${sum%% *}" 2>/dev/null >>"$SCRATCH/inventory" || fail e_scratch "$SCRATCH"
    {
        cat "$SCRATCH/inventory" >"$inventory.partial" && on_disk "$inventory.partial" &&
            mv -- "$inventory.partial" "$inventory"
    } 2>/dev/null || fail e_inventory_file "$inventory" "$PROGRAM"
    tell_left_out
    say inventory_written "$inventory" "$(grep -c '' "$SCRATCH/contents")" "$PROGRAM"
}

# list_contents: "<sha256> <bytes>" of what MANIFEST lists and is here, into $SCRATCH/contents.
list_contents() {
    awk '
        pass == 1 { sub(/^[^ ]* [^ ]* [^ ]* /, ""); bad[$0] = 1; next }
        { line = $1 " " $2; sub(/^[^ ]* [^ ]* /, ""); if (!($0 in bad)) print line }' \
        pass=1 "$SCRATCH/problems" pass=2 "$SCRATCH/whole" | write_scratch contents || exit 1
    if image_is_saved; then
        say saved_reading "$IMAGE"
        awk '/^[^ ]* [^ ]* image\/blobs\// { print $2 }' "$HERE/MANIFEST" | write_scratch blob-sizes || exit 1
        # shellcheck disable=SC2086  # a command and what it is given
        (read_saved "$SCRATCH/blob-sizes" $SHA256 | write_scratch saved) &
        await $! || exit 1
        awk 'pass == 1 { saved[$1] = 1; next }
            /^[^ ]* [^ ]* image\/blobs\// && $1 in saved { print $1, 0 }' \
            pass=1 "$SCRATCH/saved" pass=2 "$HERE/MANIFEST" |
            cat "$SCRATCH/contents" - | write_scratch contents.new || exit 1
        mv "$SCRATCH/contents.new" "$SCRATCH/contents"
    fi
    sort -u "$SCRATCH/contents" -o "$SCRATCH/contents" 2>/dev/null || fail e_scratch "$SCRATCH"
}

# tell_left_out: of what MANIFEST lists, what is not here as it was built, nor in Docker.
tell_left_out() {
    awk '
        pass == 1 { there[$1] = 1; next }
        pass == 2 { sum = $1; sub(/^[^ ]* [^ ]* /, ""); listed[$0] = sum; next }
        $1 != "extra" { line = $0; sub(/^[^ ]* [^ ]* [^ ]* /, ""); if (!(listed[$0] in there)) print line }' \
        pass=1 "$SCRATCH/contents" pass=2 "$HERE/MANIFEST" pass=3 "$SCRATCH/problems" |
        write_scratch left-out || exit 1
    [ -s "$SCRATCH/left-out" ] || return 0
    print_problems <"$SCRATCH/left-out"
    say inventory_left_out "$(grep -c '' "$SCRATCH/left-out")"
}
