# shellcheck shell=sh disable=SC2154  # shared by the pieces
# Who made this bundle: MANIFEST.minisig, which is minisign's signature of MANIFEST, against PUBLIC_KEY.
# Format: https://jedisct1.github.io/minisign/. A key is "Ed", 8 bytes of its id and 32 more, in base64;
# the second line of a signature begins with two letters and the id likewise.

MINISIGN_LIB=usr/lib/x86_64-linux-gnu # in the image

# require_signature [sizes | FOLDER]: ends with 1 unless MANIFEST was signed with the key of PUBLIC_KEY. Without
# that setting it does nothing. It reads MANIFEST alone, none of the files that are listed there; with
# "sizes" it says that the caller does not read them either. With a FOLDER it is MANIFEST there, which
# came for another bundle, and a minisign of this one is asked.
require_signature() {
    [ -n "$PUBLIC_KEY" ] || return 0
    need_scratch
    find_public_key
    SIGNED=$HERE
    [ "${1-sizes}" = sizes ] || SIGNED=$1
    [ -r "$SIGNED/MANIFEST" ] || fail e_no_manifest "$SIGNED"
    [ -e "$SIGNED/MANIFEST.minisig" ] || fail e_unsigned "$SIGNED" "$KEY_ID" "$CONF"
    signer=$(sed -n 2p "$SIGNED/MANIFEST.minisig" | key_id)
    [ "$signer" = "$KEY_ID" ] || fail e_other_signer "$SIGNED" "${signer:-?}" "$KEY_ID" "$CONF"
    : >"$SCRATCH/minisign.said"
    if minisign_here; then
        say signed_here "$KEY_ID" "$(command -v minisign)"
    elif minisign_of_folder; then
        say signed_by_bundle "$KEY_ID" "$HERE/image"
    elif minisign_of_image; then
        say signed_by_bundle "$KEY_ID" "$IMAGE"
    else
        fail e_no_minisign "$KEY_ID" "$(last_line "$(cat "$SCRATCH/minisign.said")")" "$PROGRAM"
    fi
    [ "${1-}" != sizes ] || say signed_sizes "$PROGRAM"
}

# find_public_key: sets PUBLIC_LINE and KEY_ID from PUBLIC_KEY, which is a key or a file with one.
find_public_key() {
    PUBLIC_LINE=$PUBLIC_KEY
    if ! is_public_key "$PUBLIC_LINE"; then
        PUBLIC_LINE=$(tr -d '\r' <"$(from_bundle "$PUBLIC_KEY")" 2>/dev/null | awk 'NF { line = $1 } END { print line }')
        is_public_key "$PUBLIC_LINE" || fail e_setting PUBLIC_KEY "$PUBLIC_KEY" "$(text form_public_key)" "$CONF"
    fi
    KEY_ID=$(echo "$PUBLIC_LINE" | key_id)
}

is_public_key() {
    case $1 in
    *[!A-Za-z0-9+/]*) return 1 ;;
    RW[QRST]*) [ "${#1}" -eq 56 ] ;;
    *) return 1 ;;
    esac
}

# key_id: the id in the key or signature on stdin as minisign prints it, the last byte first; or nothing.
key_id() {
    base64 -d 2>/dev/null | od -An -tx1 -j2 -N8 2>/dev/null |
        awk 'NF == 8 { for (i = 8; i > 0; i--) printf "%s", toupper($i) }'
}

# accepts COMMAND…: does that minisign accept the signature? Ends the program where it refuses it; false
# where it cannot be run.
accepts() {
    "$@" >"$SCRATCH/minisign.said" 2>&1
    case $? in
    0) ;;
    1) fail e_signature "$SIGNED" "$KEY_ID" "$(last_line "$(cat "$SCRATCH/minisign.said")")" ;;
    *) return 1 ;;
    esac
}

minisign_here() {
    command -v minisign >/dev/null 2>&1 &&
        accepts minisign -Vm "$SIGNED/MANIFEST" -x "$SIGNED/MANIFEST.minisig" -P "$PUBLIC_LINE"
}

# minisign_of_folder: that of the image in image/, unpacked and run with the image's own libraries, so
# that nothing has to be in Docker before its signature is known. Debian's packages are the first layer.
minisign_of_folder() {
    layer=$(sed -n 's/.*"Layers": *\["\([^"]*\)".*/\1/p' "$HERE/image/manifest.json" 2>/dev/null)
    [ -n "$layer" ] || return 1
    unpacked=$SCRATCH/minisign
    rm -rf -- "$unpacked"
    mkdir "$unpacked"
    tar -tf "$HERE/image/$layer" 2>/dev/null |
        grep -E "^(usr/bin/minisign|$MINISIGN_LIB/(ld-linux-x86-64|libc|libpthread|libsodium)\.so\.[0-9.]+)\$" \
            >"$SCRATCH/minisign.files"
    [ -s "$SCRATCH/minisign.files" ] || return 1 # tar would unpack everything
    # shellcheck disable=SC2046  # the names have no blanks
    tar --no-same-owner -xf "$HERE/image/$layer" -C "$unpacked" $(cat "$SCRATCH/minisign.files") 2>/dev/null
    [ -x "$unpacked/usr/bin/minisign" ] &&
        accepts "$unpacked/$MINISIGN_LIB/ld-linux-x86-64.so.2" --library-path "$unpacked/$MINISIGN_LIB" \
            "$unpacked/usr/bin/minisign" -Vm "$SIGNED/MANIFEST" -x "$SIGNED/MANIFEST.minisig" -P "$PUBLIC_LINE"
}

# minisign_of_image: that of the image in Docker, for a bundle whose image/ was loaded and not kept. What
# it reads comes through stdin and the environment: uid 1000 may not see the bundle's folder.
minisign_of_image() {
    IMAGE=$(loaded_image)
    [ -n "$IMAGE" ] && accepts minisign_in_container <"$SIGNED/MANIFEST"
}

minisign_in_container() {
    # shellcheck disable=SC2016  # expanded by the container's sh
    docker_ run --rm --interactive --network none --read-only --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges --tmpfs /tmp:rw,noexec,nosuid,nodev,mode=1777 --log-driver none \
        --env "SIGNATURE=$(cat "$SIGNED/MANIFEST.minisig")" --entrypoint /bin/sh "$IMAGE" \
        -c 'cd /tmp && cat >MANIFEST && echo "$SIGNATURE" >MANIFEST.minisig && minisign -Vm MANIFEST -P "$0"' \
        "$PUBLIC_LINE"
}
