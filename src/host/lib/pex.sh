# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The bundle's programs on hosts without Python 3.11: with the Python of the image.

PEX= # the name of the program that is to run

# run_pex NAME [VARIABLE=VALUE…] [ARGUMENT…]: becomes the program, as if the host had the Python for it:
# on the host's own network, in the bundle's folder, which is under its own path. It runs as uid 1000,
# and can write nothing but its folder in the state folder, where it is unpacked.
run_pex() {
    PEX=$1
    shift
    case $PEX in
    */* | .*) found='' ;;
    *) found=$HERE/pex/$PEX ;;
    esac
    [ -e "$found" ] || misused e_pex "$PEX" "$(find "$HERE/pex" -mindepth 1 -maxdepth 1 2>/dev/null |
        sed 's/.*\///' | sort | tr '\n' ' ')"
    check_parts "pex/$PEX"
    prepare_state >&2 # what the program prints stays apart

    # Variables become options, behind the arguments, whose number is words.
    words=$# wanted=$DEVICE
    while [ "$words" -gt 0 ] && is_assignment "$1"; do
        [ "${1%%=*}" != DEVICE ] || wanted=
        set -- "$@" --env "$1"
        shift
        words=$((words - 1))
    done
    [ "$DEVICE,$LLM_URL" != cuda, ] || find_gpus
    if [ "${GPU_COUNT:-0}" -gt 0 ]; then
        with_gpus become_pex "$words" "$@" ${wanted:+--env "DEVICE=$wanted"}
    else
        become_pex "$words" "$@"
    fi
}

# is_assignment WORD: is it VARIABLE=VALUE?
is_assignment() {
    case $1 in
    [A-Z_]*=*) ;;
    *) return 1 ;;
    esac
    case ${1%%=*} in
    *[!A-Z0-9_]*) return 1 ;;
    esac
}

# become_pex WORDS ARGUMENT… OPTION…: the first WORDS are the program's, the others docker's.
become_pex() {
    words=$1
    shift
    [ "$LLM_DIR" = "$HERE/models/$LLM" ] || set -- "$@" --mount "$(mount_in_place "$LLM_DIR")"
    set -- "$@" --entrypoint /usr/bin/python3.11 "$IMAGE" "$HERE/pex/$PEX"
    while [ "$words" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        words=$((words - 1))
    done
    if [ -t 0 ] && [ -t 1 ]; then
        set -- --tty "$@"
    fi
    [ -z "$SCRATCH" ] || rm -rf -- "$SCRATCH"
    trap - EXIT
    # shellcheck disable=SC2086  # DOCKER may be several words, and UNLABELLED
    exec $DOCKER run --rm --interactive --init --network host --user 1000:1000 --read-only --cap-drop ALL \
        --security-opt no-new-privileges $UNLABELLED \
        --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777,size=1g --shm-size "$SERVER_SHM" \
        --log-driver none --label "airgap.pex=$PEX" --workdir "$HERE" \
        --env HOME=/pex --env PEX_ROOT=/pex/root --env PYTHONUTF8=1 --env 'NO_PROXY=*' --env 'no_proxy=*' \
        --mount "$(mount_in_place "$HERE")" --mount "$(mount_of "$STATE_DIR/pex" /pex)" "$@"
}

# mount_in_place PATH: read-only, where it is on the host.
mount_in_place() {
    quoted=$(printf '%s\n' "$1" | sed 's/"/""/g')
    printf 'type=bind,"source=%s","target=%s",readonly\n' "$quoted" "$quoted"
}
