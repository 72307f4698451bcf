# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# chat

# ask QUESTION: one completion through the server, asked in its container, or where
# another takes its place, so that neither the key nor
# the question shows in the process list and the host needs no HTTP client.
ask() {
    asked=server
    [ -z "$LLM_URL" ] || asked=allow
    running "$asked" || fail e_not_up "$(name_of "$asked")" "$PROGRAM"
    need_scratch
    printf '%s' "$1" | docker_ exec -i --env PYTHONUTF8=1 "$(container_of "$asked")" "$(python_of "$asked")" \
        -c "$(cat "$HERE/lib/chat.py")" "$(text chat_cut)" 2>"$SCRATCH/chat" ||
        fail e_chat "$(last_line "$(cat "$SCRATCH/chat")")" "$PROGRAM" "$asked"
}
