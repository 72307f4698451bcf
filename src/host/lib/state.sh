# shellcheck shell=sh disable=SC2034  # shared by the pieces
# The state folder: what people make with this bundle. It outlives containers and images, and
# belongs to uid 1000, as which everything in the containers runs.
#   agent/                        what the bundle's own agent keeps
#   agentfabric/                  AgentFabric's: config/<account>/, history/<account>/
#   published/<name>/             published agents (agents.py says more)
#   server/                       what the model server compiled for the host's GPUs; made anew if removed
#   pex/                          what `run-pex` unpacked; made anew if removed
#   passwords, first-password     who may log in (passwords.py says more)
#   versions                      which versions came up here (versions.sh says more)
#   .airgap-made                  those of these names that this program made, a line each: the folder may be
#                                 one that somebody has other things in

STATE_NAMES='agent agentfabric published server pex passwords first-password versions'

state_folders() {
    [ "$DEVICE,$LLM_URL" != cuda, ] || echo server
    [ -z "$PEX" ] || echo pex
    [ -z "$AGENT" ] || echo agent
    [ -z "$BUILDER_STACK" ] || printf '%s\n' agentfabric published
}

# make_state_folder: before anything slow, so that a wrong STATE_DIR is told at once.
make_state_folder() {
    [ ! -e "$STATE_DIR" ] || [ -d "$STATE_DIR" ] || fail e_state_make "$STATE_DIR" "$(text not_a_folder)" "$CONF"
    require_open "$STATE_DIR"
    answer=$( (umask 077 && mkdir -p -- "$STATE_DIR") 2>&1) ||
        fail e_state_make "$STATE_DIR" "$(last_line "$answer")" "$CONF"
    for folder in $(state_folders); do
        if [ ! -e "$STATE_DIR/$folder" ] || is_empty_folder "$STATE_DIR/$folder"; then
            note_made "$folder"
        fi
        [ ! -d "$STATE_DIR/$folder" ] || continue
        answer=$( (umask 077 && mkdir -p -- "$STATE_DIR/$folder") 2>&1) ||
            fail e_state_make "$STATE_DIR" "$(last_line "$answer")" "$CONF"
    done
}

# note_made NAME: that what has this name in the state folder is this program's.
note_made() {
    is_made "$1" || printf '%s\n' "$1" 2>/dev/null >>"$STATE_DIR/.airgap-made"
}

# is_made NAME
is_made() {
    grep -qxF -- "$1" "$STATE_DIR/.airgap-made" 2>/dev/null
}

is_empty_folder() {
    [ -d "$1" ] && [ -z "$(find "$1" -mindepth 1 2>&1 | head -n 1)" ]
}

# require_open FOLDER: may this user look into it, if it is there?
require_open() {
    [ ! -d "$1" ] || { [ -r "$1" ] && [ -x "$1" ]; } || fail e_state_closed "$1" "$(id -u)"
}

# check_access: can uid 1000 in a container read and write what it must? Asked of a container, because
# only there user namespaces, SELinux and network file systems have their say.
check_access() {
    answer=$(probe) || fail e_probe "$(last_line "$answer")"
    case $answer in
    'write /state'*)
        give_state_folders "${answer#* }"
        answer=$(probe) || fail e_probe "$(last_line "$answer")"
        ;;
    esac
    path=${answer#* }
    case $answer in
    'write /state'*) fail e_state_unwritable "$STATE_DIR${path#/state}" "$(owner)" "$CONF" ;;
    write*) fail e_work_unwritable "$CODE_INTERPRETER_DIR" "$CONF" ;;
    'read /run/airgap/key') fail e_key_unreadable "$KEY_FILE" ;;
    'read /state'*) fail e_state_unreadable "$STATE_DIR${path#/state}" ;;
    "read $EMBEDDING_AT"*) fail e_unreadable "$EMBEDDING_DIR${path#"$EMBEDDING_AT"}" "$EMBEDDING_DIR" ;;
    "read $LLM_AT"*) fail e_unreadable "$LLM_DIR${path#"$LLM_AT"}" "$LLM_DIR" ;;
    read*) fail e_unreadable "$HERE/agents/$AGENT${path#/agent}" "$HERE" ;;
    ?*) fail e_probe "$(last_line "$answer")" ;;
    esac
}

# give_state_folders LACKING: hands the state folder, where it is lacking, and what is empty in it to
# uid 1000. Each folder is a mount of its own, because who may only give may not pass through other
# people's folders.
give_state_folders() {
    lacking=$1
    set --
    for folder in '' $(state_folders); do
        if [ -n "$folder" ]; then
            [ -z "$(find "$STATE_DIR/$folder" -mindepth 1 2>/dev/null | head -n 1)" ] || continue
        else
            [ "$lacking" = /state ] || continue
        fi
        chmod g+rwx -- "$STATE_DIR/$folder" 2>/dev/null # the caller keeps access by group
        set -- "$@" --mount "$(mount_of "$STATE_DIR/$folder" "/give/${folder:-state}")"
    done
    [ "$#" -gt 0 ] || return 0
    # A root that is another user on the host may give away nothing of the host's.
    # shellcheck disable=SC2086  # options
    docker_ run --rm --network none --read-only --user 0 ${MAPPED:+--userns=host} --cap-drop ALL --cap-add CHOWN \
        --security-opt no-new-privileges $UNLABELLED --label "airgap.run=$RUN" "$@" \
        --entrypoint /usr/bin/python3.11 "$IMAGE" \
        -c 'import os, sys; [os.chown(f"/give/{name}", int(sys.argv[1]), -1) for name in os.listdir("/give")]' \
        "$(owner)" >/dev/null 2>&1
}

# owner: whom the host must give what uid 1000 in a container shall have. With rootless Docker, where only
# such a container can give it, 1000 too.
owner() {
    if [ -z "$MAPPED" ]; then
        echo 1000
        return
    fi
    # user_namespaces(7): the first user inside, the first outside, how many.
    in_image --entrypoint /usr/bin/python3.11 "$IMAGE" -c 'print(open("/proc/self/uid_map").read())' |
        awk 'NF == 3 && $1 <= 1000 && 1000 < $1 + $3 { print $2 + 1000 - $1 }'
}

# probe: prints what uid 1000 lacks (see probe.py), or nothing.
probe() {
    set -- "$(cat "$HERE/lib/probe.py")" w/state
    for folder in $(state_folders); do
        set -- "$@" "w/state/$folder"
    done
    [ ! -e "$STATE_DIR/passwords" ] || set -- "$@" r/state/passwords
    [ -z "$CODE_INTERPRETER_DIR" ] || set -- "$@" w/code_interpreter
    [ -z "$KEY_FILE" ] || set -- "$@" r/run/airgap/key
    set -- "$@" "r$EMBEDDING_AT"
    [ -n "$LLM_URL" ] || set -- "$@" "r$LLM_AT"
    [ -z "$AGENT" ] || set -- "$@" r/agent

    set -- --entrypoint /usr/bin/python3.11 "$IMAGE" -c "$@"
    [ -z "$AGENT" ] || set -- --mount "$(mount_of "$HERE/agents/$AGENT" /agent readonly)" "$@"
    [ -n "$LLM_URL" ] || set -- --mount "$(mount_of "$LLM_DIR" "$LLM_AT" readonly)" "$@"
    [ -z "$KEY_FILE" ] || set -- --mount "$(mount_of "$KEY_FILE" /run/airgap/key readonly)" "$@"
    [ -z "$CODE_INTERPRETER_DIR" ] ||
        set -- --mount "$(mount_of "$CODE_INTERPRETER_DIR" /code_interpreter)" "$@"
    in_image --mount "$(mount_of "$EMBEDDING_DIR" "$EMBEDDING_AT" readonly)" "$@" 2>&1
}

# in_image OPTION…: runs something short in the image as uid 1000, with the state and no network.
in_image() {
    # shellcheck disable=SC2086  # options
    docker_ run --rm --network none --read-only --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges $UNLABELLED --log-driver none --label "airgap.run=$RUN" \
        --env PYTHONUTF8=1 --env PYTHONPATH=/opt/app --mount "$(mount_of "$STATE_DIR" /state)" "$@"
}

# on_state PROGRAM ARGUMENT…: runs lib/PROGRAM.py on the state folder.
on_state() {
    program=$1
    shift
    in_image --interactive --entrypoint /usr/bin/python3.11 "$IMAGE" \
        -c "$(cat "$HERE/lib/$program.py")" /state "$@"
}

# read_problem: after on_state, with its errors in $SCRATCH/problem. Sets problem to the key of what the program
# said at the end, and reason to the last that it said of it; or problem to nothing and reason to Docker's words.
read_problem() {
    reason=$(last_line "$(cat "$SCRATCH/problem")")
    problem=
    case $reason in
    problem"$TAB"*)
        problem=${reason#*"$TAB"}
        problem=${problem%%"$TAB"*}
        reason=${reason##*"$TAB"}
        ;;
    esac
}

# prepare_state: the state folder as everything else needs it.
prepare_state() {
    make_state_folder
    have_image || load_image
    check_access
    for file in passwords first-password versions; do
        [ -e "$STATE_DIR/$file" ] || note_made "$file"
    done
}

# mount_of SOURCE TARGET [readonly]: the value of --mount, which is a line of CSV.
mount_of() {
    source=$(printf '%s\n' "$1" | sed 's/"/""/g')
    printf 'type=bind,"source=%s",target=%s%s\n' "$source" "$2" "${3+,readonly}"
}
