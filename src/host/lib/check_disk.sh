# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# `airgap check`: room on the disks, each asked by its path.

STATE_ROOM=1000000000 # histories, knowledge and what people upload, in bytes

# check_disk: three needs. What several have on one file system counts together.
check_disk() {
    reserved=
    check_disk_image
    check_disk_bundle
    check_disk_state
}

# check_disk_image: Docker keeps what it is loading a second time beside the layers that it makes of it,
# the classic store until the load ends, the containerd store for good; podman does so twice.
check_disk_image() {
    if [ "$DOCKER_STATE" = there ] && image_loaded; then
        note ok disk_image "$(text check_image_there "$IMAGE")"
        return
    fi
    size=$IMAGE_SIZE times=2
    [ "$ENGINE" = docker ] || times=3
    if ! is_number "$size"; then
        note warn disk_image "$(text check_size_unknown)" '' "$(text check_size_do)"
        return
    fi
    room disk_image stop "$IMAGES_AT" "$((size * times))" "$(text check_image_needed "$(human "$size")" "$times")" \
        "$(text check_image_do "$IMAGES_AT")"
}

# image_loaded: like have_image, but changes nothing.
image_loaded() {
    for name in "$IMAGE" "$IMAGE_ID" "$IMAGE_MANIFEST"; do
        # shellcheck disable=SC2086  # DOCKER may be several words
        case $(limited $DOCKER image inspect --format '{{.Id}}' "$name") in
        *"${IMAGE_ID#sha256:}" | *"${IMAGE_MANIFEST#sha256:}") return 0 ;;
        esac
    done
    return 1
}

# check_disk_bundle: the bundle is served from where it lies, also from a read-only medium; only what
# was not yet carried here still needs room.
check_disk_bundle() {
    whole=1
    for part in "models/$LLM" "models/$EMBEDDING"; do
        [ -e "$HERE/$part" ] || whole=
    done
    # The image may have gone from the parts straight into Docker.
    [ -e "$HERE/image" ] || { [ "$DOCKER_STATE" = there ] && image_loaded; } || whole=
    if [ -n "$whole" ]; then
        note ok disk_bundle "$(text check_bundle_here "$HERE")"
    elif ! is_number "$BUNDLE_SIZE"; then
        note warn disk_bundle "$(text check_size_unknown)" '' "$(text check_size_do)"
    else
        room disk_bundle warn "$HERE" "$BUNDLE_SIZE" "$(text check_bundle_needed)" "$(text check_bundle_do)"
    fi
}

# check_disk_state: what is there belongs to uid 1000, and this user must only look into it; what is not
# must be made.
check_disk_state() {
    folder=$(existing "$STATE_DIR")
    if [ -d "$STATE_DIR" ] && { ! [ -r "$STATE_DIR" ] || ! [ -x "$STATE_DIR" ]; }; then
        note_failure disk_state "$(text e_state_closed "$STATE_DIR" "$(id -u)")"
        return
    fi
    if read_only "$folder" || { ! [ -d "$STATE_DIR" ] && { ! [ -d "$folder" ] || ! [ -w "$folder" ]; }; }; then
        note stop disk_state "$(text check_state_closed "$folder" "$(id -un)")" \
            "$(text check_state_needed)" "$(text check_state_do "$CONF")"
        return
    fi
    room disk_state warn "$STATE_DIR" "$STATE_ROOM" "$(text check_state_needed)" "$(text check_state_do "$CONF")"
}

# room NAME STATE PATH BYTES WHAT-FOR TO-DO: is there so much room, beside what was found needed before?
# STATE is what it is if not.
room() {
    find_free "$HOST_ROOT$3"
    if [ -z "$FREE" ]; then
        note warn "$1" "$(text check_unanswered df)" "$(human "$4") $5"
        return
    fi
    together=$4
    while IFS=$SEPARATOR read -r disk bytes; do
        [ "$disk" != "$FILE_SYSTEM" ] || together=$((together + bytes))
    done <<END
$reserved
END
    reserved="$reserved$FILE_SYSTEM$SEPARATOR$4
"
    found=$(text check_room "$3" "$MOUNT" "$(human "$FREE")")
    needed="$(human "$4") $5"
    [ "$together" -eq "$4" ] || needed="$needed$(text check_room_together "$(human "$together")")"
    if [ "$FREE" -lt "$together" ]; then
        note "$2" "$1" "$found" "$needed" "$6"
    else
        note ok "$1" "$found" "$needed"
    fi
}
