# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The longest conversation that the memory of the model server holds, before anything is loaded.

# What vLLM takes on each GPU beside weights and context, in bytes: activations while it measures
# itself (1.26 and 1.42 GiB for models of 7B and 8B), CUDA graphs (0.36 GiB) and the libraries of CUDA
# (0.03 GiB, in one log 1.79), as logs in vLLM's issues 10511 and 13882 and in gpustack's have them; with
# several GPUs, what they exchange. Not measured by this project; docs/gpu.md says how.
CARD_OVERHEAD=2147483648
CARDS_OVERHEAD=3221225472
# What the driver keeps of each GPU: nvidia-smi names 24576 MiB where programs see 23.58 GiB, 81559 where
# they see 79.22.
CARD_RESERVED=450
# vLLM gives out the context's memory in blocks of so many tokens (vllm/config/cache.py, platforms/cpu.py),
# and keeps one for itself: with 64 MiB for SmolLM2-135M, 22 blocks, the server takes 2688 tokens at most.
CUDA_BLOCK=16
CPU_BLOCK=128

# find_context: sets CONTEXT, the tokens that a conversation may have as the settings say, and LARGEST,
# the most that fits; empty where it cannot be known. ROOM is the bytes for it, on each GPU.
find_context() {
    CONTEXT='' LARGEST='' ROOM=''
    [ -z "$LLM_URL" ] || return 0
    CONTEXT=${MAX_MODEL_LEN:-$MODEL_MAX_LEN}
    is_number "$MODEL_KV_PER_TOKEN" && [ "$MODEL_KV_PER_TOKEN" -gt 0 ] || return 0
    block=$CPU_BLOCK
    if [ "$DEVICE" = cuda ]; then
        block=$CUDA_BLOCK
        find_room
    else
        ROOM=$(bytes_of "${KV_CACHE_MEMORY:-256m}")
    fi
    is_number "$ROOM" || return 0
    LARGEST=$(((ROOM / $(token_bytes) / block - 1) * block))
    [ "$LARGEST" -gt 0 ] || LARGEST=0
    ! is_number "$MODEL_MAX_LEN" || [ "$LARGEST" -le "$MODEL_MAX_LEN" ] || LARGEST=$MODEL_MAX_LEN
}

# token_bytes: what a token of context takes on each GPU. Heads are split as far as there are any.
token_bytes() {
    parts=${CARDS_USED:-1}
    ! is_number "$MODEL_KV_HEADS" || [ "$parts" -le "$MODEL_KV_HEADS" ] || parts=$MODEL_KV_HEADS
    [ "$DEVICE" = cuda ] || parts=1
    echo "$(((MODEL_KV_PER_TOKEN * $(element_size) + parts - 1) / parts))"
}

# element_size: how often two bytes an element of weights and context takes.
element_size() {
    case $DTYPE in
    float | float32) echo 2 ;;
    *) echo 1 ;;
    esac
}

# find_room: sets ROOM to what each GPU has left for the context, 0 where the weights leave nothing.
find_room() {
    { is_number "$CARD_MEMORY" && is_number "$MODEL_WEIGHTS"; } || return 0
    overhead=$CARD_OVERHEAD
    [ "$CARDS_USED" -eq 1 ] || overhead=$CARDS_OVERHEAD
    usable=$(((CARD_MEMORY - CARD_RESERVED) * 1048576))
    weights=$((MODEL_WEIGHTS * $(element_size) / CARDS_USED))
    left=$((usable * $(per_mille) / 1000 - weights - overhead))
    if [ -n "$KV_CACHE_MEMORY" ]; then
        left=$((usable - weights - overhead))
        [ "$left" -le "$(bytes_of "$KV_CACHE_MEMORY")" ] || left=$(bytes_of "$KV_CACHE_MEMORY")
    fi
    ROOM=0
    [ "$left" -le 0 ] || ROOM=$left
}

# per_mille: GPU_MEMORY_UTILIZATION, such as 0.95, as 950; vLLM's own 0.9 where it is not set.
per_mille() {
    awk -v share="${GPU_MEMORY_UTILIZATION:-0.9}" 'BEGIN { printf "%.0f", share * 1000 }'
}

# check_context: does the context that is asked for fit?
check_context() {
    [ -z "$LLM_URL" ] || return 0
    needed=$(text check_context_needed "${CONTEXT:-?}")
    if is_number "$MODEL_MAX_LEN" && [ "${CONTEXT:-0}" -gt "$MODEL_MAX_LEN" ]; then
        note stop context "$(text check_context_model "$MODEL_MAX_LEN")" "$needed" \
            "$(text check_context_set "$MODEL_MAX_LEN" "$CONF")"
    elif [ -z "$LARGEST" ]; then
        note warn context "$(text check_context_unknown)" "$needed" "$(text check_context_try)"
    elif [ "$DEVICE" != cuda ]; then
        found=$(text check_context_cpu "${KV_CACHE_MEMORY:-256m}" "$LARGEST")
        if [ "$LARGEST" -lt "$CONTEXT" ]; then
            note stop context "$found" "$needed" "$(text check_context_cpu_do "$LARGEST" "$CONF")"
        else
            note ok context "$found" "$needed"
        fi
    else
        found=$(text check_context_cuda "$CARDS_USED" "$CARD_MEMORY" "$(human "$MODEL_WEIGHTS")" \
            "$(human "$ROOM")" "$LARGEST")
        # These make weights or context smaller, by how much is not known here.
        case $SERVER_ARGS in
        *--kv-cache-dtype* | *--quantization* | *--cpu-offload-gb*) state=warn ;;
        *) state=stop ;;
        esac
        if [ "$LARGEST" -eq 0 ]; then
            note "$state" context "$found" "$needed" "$(text check_context_none)"
        elif [ "$LARGEST" -lt "$CONTEXT" ]; then
            note "$state" context "$found" "$needed" "$(text check_context_cuda_do "$LARGEST" "$CONF")"
        else
            note ok context "$found" "$needed"
        fi
    fi
}
