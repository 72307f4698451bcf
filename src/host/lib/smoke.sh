# shellcheck shell=sh disable=SC2154  # shared by the pieces
# smoke: does what users do with what is served, in the containers, and says how fast it was. The host
# needs no HTTP client for it, and neither the key nor a question shows in its process list.

SMOKE_SECONDS=600 # the most that an answer may take

# try_all: one line a step; fails if a step did.
try_all() {
    find_services
    asked=server failures=
    [ -z "$LLM_URL" ] || asked=allow
    running "$asked" || fail e_not_up "$(name_of "$asked")" "$PROGRAM"
    need_scratch
    say smoke_begins "$BUNDLE"
    try models "$asked"
    try_unless_failed chat
    try_unless_failed stream
    try_embedding
    try_memory
    [ -z "$failures" ] || fail e_smoke "$BUNDLE" "$failures" "$PROGRAM" "$PROGRAM" "$PROGRAM"
    say smoke_well "$BUNDLE"
}

# try STEP SERVICE: has lib/smoke.py do the step in the service's container, and says what it saw.
try() {
    step=$1
    progress smoke_trying "$(text "word_step_$step")"
    docker_ exec --env PYTHONUTF8=1 "$(container_of "$2")" "$(python_of "$2")" \
        -c "$(cat "$HERE/lib/smoke.py")" "$step" "$SMOKE_SECONDS" >"$SCRATCH/seen" 2>"$SCRATCH/said"
    status=$?
    end_progress
    set --
    while IFS= read -r line; do
        set -- "$@" "$line"
    done <"$SCRATCH/seen"
    case $status,$step,$# in
    0,models,2) succeeded "$(text did_models "$1" "${2:+$(text word_context "$2")}")" ;;
    0,*,[1-9]*) succeeded "$(text "did_$step" "$@")" ;;
    1,*,[1-9]*)
        kind=$1
        shift
        failed "$(text "why_$kind" "$@")"
        ;;
    *) failed "$(text why_broken "$(last_line "$(cat "$SCRATCH/said")") ($status)")" ;;
    esac
}

# try_unless_failed STEP: a server that failed at one step keeps nobody waiting for the next.
try_unless_failed() {
    step=$1
    case $failures in
    '') try "$1" "$asked" ;;
    *) skipped "$(text why_after "$failures")" ;;
    esac
}

try_embedding() {
    step=embedding
    if [ -z "$BUILDER_STACK" ]; then
        skipped "$(text why_no_builder)"
    elif ! docker_ inspect "$(container_of agentfabric)" >/dev/null 2>&1; then
        skipped "$(text why_stopped "$PROGRAM")"
    else
        try embedding agentfabric
    fi
}

# try_memory: of the GPUs, as the server's container sees them; without one, of the container.
try_memory() {
    step=memory
    if [ -n "$LLM_URL" ]; then
        skipped "$(text why_elsewhere "$LLM_URL")"
    elif [ "$DEVICE" = cpu ]; then
        used=$(docker_ stats --no-stream --format '{{.MemUsage}}' "$(container_of server)" 2>&1)
        succeeded "$(text did_memory "$used")"
    elif docker_ exec "$(container_of server)" nvidia-smi --format=csv,noheader,nounits \
        --query-gpu=index,name,memory.used,memory.total >"$SCRATCH/seen" 2>"$SCRATCH/said"; then
        succeeded "$(text did_gpu "$(awk -F ', *' '{
            known = $3 ~ /^[0-9]+$/ && $4 ~ /^[0-9]+$/ # not with MIG, nor where memory is shared with the CPU
            amount = known ? sprintf("%.1f/%.1f GiB", $3 / 1024, $4 / 1024) : "?"
            printf "%sGPU %s %s %s", (NR > 1 ? "; " : ""), $1, $2, amount
        }' "$SCRATCH/seen")")"
    else
        skipped "$(text why_no_smi "$(last_line "$(cat "$SCRATCH/said" "$SCRATCH/seen")")")"
    fi
}

succeeded() {
    say smoke_ok "$(text "word_step_$step")" "$1"
}

failed() {
    failures="${failures:+$failures, }$(text "word_step_$step")"
    say smoke_failed "$(text "word_step_$step")" "$1"
}

skipped() {
    say smoke_skipped "$(text "word_step_$step")" "$1"
}
