# shellcheck shell=sh
# The state folder: what people make with this bundle. It outlives containers and images, and
# belongs to uid 1000, as which everything in the containers runs.

# make_state_folder: before anything slow, so that a wrong STATE_DIR is told at once.
make_state_folder() {
    [ ! -e "$STATE_DIR" ] || [ -d "$STATE_DIR" ] || fail e_state_make "$STATE_DIR" "$(text not_a_folder)" "$CONF"
    [ -d "$STATE_DIR/agent" ] && return
    answer=$( (umask 077 && mkdir -p -- "$STATE_DIR/agent") 2>&1) ||
        fail e_state_make "$STATE_DIR" "$(last_line "$answer")" "$CONF"
}

# check_access: can uid 1000 in a container read and write what it must? Asked of a container, because
# only there user namespaces, SELinux and network file systems have their say.
check_access() {
    answer=$(probe) || fail e_probe "$(last_line "$answer")"
    if [ "$answer" = state ] && [ -z "$(find "$STATE_DIR/agent" -mindepth 1 | head -n 1)" ]; then
        give_state_folder
        answer=$(probe) || fail e_probe "$(last_line "$answer")"
    fi
    case $answer in
    state) fail e_state_unwritable "$STATE_DIR" "$CONF" ;;
    key) fail e_key_unreadable "$SERVER_KEY_FILE" ;;
    'read /agent'*) fail e_unreadable "agents/$AGENT${answer#read /agent}" "$HERE" ;;
    'read '*) fail e_unreadable "${answer#read /}" "$HERE" ;;
    ?*) fail e_probe "$(last_line "$answer")" ;;
    esac
}

# give_state_folder: hands the new, empty folder to uid 1000. Each folder is a mount of its own, because
# who may only give may not pass through other people's folders.
give_state_folder() {
    chmod g+rwx -- "$STATE_DIR" "$STATE_DIR/agent" 2>/dev/null # the caller keeps access by group
    docker_ run --rm --network none --read-only --user 0 --cap-drop ALL --cap-add CHOWN \
        --security-opt no-new-privileges --label "airgap.run=$RUN" \
        --mount "$(mount_of "$STATE_DIR" /give/state)" --mount "$(mount_of "$STATE_DIR/agent" /give/agent)" \
        --entrypoint /usr/bin/python3.11 "$IMAGE" \
        -c 'import os; os.chown("/give/agent", 1000, -1); os.chown("/give/state", 1000, -1)' >/dev/null 2>&1
}

# probe: prints what uid 1000 lacks (see probe.py), or nothing.
probe() {
    set -- --mount "$(mount_of "$HERE/models/$LLM" "/models/$LLM" readonly)" \
        --mount "$(mount_of "$HERE/models/$EMBEDDING" "/models/$EMBEDDING" readonly)" \
        --mount "$(mount_of "$HERE/agents/$AGENT" /agent readonly)" \
        --mount "$(mount_of "$STATE_DIR/agent" /state)"
    [ -z "$SERVER_KEY_FILE" ] || set -- "$@" --mount "$(mount_of "$SERVER_KEY_FILE" /run/airgap/key readonly)"
    docker_ run --rm --network none --read-only --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges --label "airgap.run=$RUN" "$@" \
        --entrypoint /usr/bin/python3.11 "$IMAGE" -c "$(cat "$HERE/lib/probe.py")" 2>&1
}

# mount_of SOURCE TARGET [readonly]: the value of --mount, which is a line of CSV.
mount_of() {
    source=$(printf '%s\n' "$1" | sed 's/"/""/g')
    printf 'type=bind,"source=%s",target=%s%s\n' "$source" "$2" "${3+,readonly}"
}
