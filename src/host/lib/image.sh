# shellcheck shell=sh disable=SC2034  # shared by the pieces
# Docker itself, and the bundle's image in it.

UNLABELLED= # see find_unlabelled

# docker_ ARGUMENT…: the Docker client; the setting DOCKER may be several words, such as "sudo docker".
docker_() {
    # shellcheck disable=SC2086
    $DOCKER "$@"
}

require_docker() {
    command -v "${DOCKER%% *}" >/dev/null 2>&1 || fail e_no_docker "${DOCKER%% *}"
    answer=$(docker_ version --format '{{.Server.Version}}' 2>&1) && return
    case $answer in
    *'permission denied'*) fail e_docker_forbidden "$(last_line "$answer")" "$(id -un)" ;;
    *) fail e_docker_down "$(last_line "$answer")" ;;
    esac
}

# find_unlabelled: sets UNLABELLED, the option by which a container that mounts files of the host goes
# without a label of SELinux, where Docker gives labels. To label the files instead (:z) would change those
# of the operator for all other programs, take long, and fail on a read-only medium.
find_unlabelled() {
    case $(docker_ info --format '{{.SecurityOptions}}' 2>/dev/null) in
    *name=selinux*) UNLABELLED='--security-opt label=disable' ;;
    esac
}

# last_line TEXT: what Docker's client says at the end, which is the reason; but not its summing up.
last_line() {
    printf '%s\n' "$1" | awk 'NF && !/^Error: failed to start containers/ { line = $0 } END { print line }'
}

# image_id REFERENCE: the image's id without "sha256:", or nothing. An image is known by the digest
# of its config in Docker's classic store and of its manifest in the containerd store.
image_id() {
    id=$(docker_ image inspect --format '{{.Id}}' "$1" 2>/dev/null) || return 0
    echo "${id#sha256:}"
}

have_image() {
    case $(image_id "$IMAGE") in
    "${IMAGE_ID#sha256:}" | "${IMAGE_MANIFEST#sha256:}") return 0 ;;
    esac
    for id in "$IMAGE_ID" "$IMAGE_MANIFEST"; do
        if [ -n "$(image_id "$id")" ]; then
            docker_ tag "$id" "$IMAGE" 2>/dev/null && return
        fi
    done
    return 1
}

# load_image: streams image/ into Docker, which reads it once; no second copy on disk. Docker skips
# layers it has and checks the others against the image's config.
load_image() {
    if have_image; then
        say image_there "$IMAGE"
        return
    fi
    [ -d "$HERE/image" ] || fail e_no_image "$HERE/image"
    check_parts image
    load_image_from "$(du -Lsk "$HERE/image" | awk '{ printf "%.0f", $1 * 1024 }')" \
        tar -C "$HERE/image" -chf - .
}

# load_image_from BYTES COMMAND…: loads the tar that the command writes.
load_image_from() {
    need_scratch
    say image_loading "$IMAGE" "$(human "$1")"
    shift
    began=$(date +%s)
    # In the background, because a signal to this program must not wait until the load has ended;
    # not through docker_, because the client's own process must be known.
    # shellcheck disable=SC2086
    if [ -t 1 ]; then
        "$@" | $DOCKER load 2>"$SCRATCH/load" &
    else
        "$@" | $DOCKER load >/dev/null 2>"$SCRATCH/load" &
    fi
    LOADER=$!
    wait "$LOADER"
    loaded=$?
    LOADER=
    [ "$loaded" -eq 0 ] || fail e_load "$IMAGE" "$(last_line "$(cat "$SCRATCH/load")")" "$PROGRAM"
    if ! have_image; then
        found=$(image_id "$IMAGE")
        docker_ image rm "$IMAGE" >/dev/null 2>&1
        fail e_other_image "$IMAGE" "$found" "$IMAGE_ID" "$PROGRAM"
    fi
    say image_loaded "$(($(date +%s) - began))"
}
