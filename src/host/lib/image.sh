# shellcheck shell=sh disable=SC2034  # shared by the pieces
# Docker itself, and the bundle's image in it.

UNLABELLED= # see find_unlabelled
MAPPED=     # set where the users of containers are others on the host (userns-remap)

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
# of the operator for all other programs, take long, and fail on a read-only medium. Sets MAPPED too.
find_unlabelled() {
    options=$(docker_ info --format '{{.SecurityOptions}}' 2>/dev/null)
    case $options in
    *name=selinux*) UNLABELLED='--security-opt label=disable' ;;
    esac
    case $options in
    *name=userns*) MAPPED=1 ;;
    esac
}

# last_line TEXT: what Docker's client says at the end, which is the reason; but not its summing up, nor
# where there is help.
last_line() {
    printf '%s\n' "$1" | awk '
        NF && !/^Error: failed to start containers/ && !/^(Run|See) .docker .*--help/ { line = $0 }
        END { print line }'
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
    size=$1
    say image_loading "$IMAGE" "$(human "$size")"
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
    [ "$loaded" -eq 0 ] || fail_load "$size" "$(last_line "$(cat "$SCRATCH/load")")"
    if ! have_image; then
        found=$(image_id "$IMAGE")
        docker_ image rm "$IMAGE" >/dev/null 2>&1
        fail e_other_image "$IMAGE" "$found" "$IMAGE_ID" "$PROGRAM"
    fi
    say image_loaded "$(($(date +%s) - began))"
}

# fail_load BYTES ANSWER: says why Docker did not take an image of so many bytes. What it had of it, it removed.
fail_load() {
    case $2 in
    *'o space left on device'*)
        data=$(docker_ info --format '{{.DockerRootDir}}' 2>/dev/null)
        find_free "${data:-/var/lib}"
        fail e_load_room "$IMAGE" "$2" "$(human "$(($1 * 2))")" "${data:-?}" "$(human "${FREE:-0}")"
        ;;
    esac
    fail e_load "$IMAGE" "$2" "$PROGRAM"
}
