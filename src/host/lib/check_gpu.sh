# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# `airgap check`: the GPUs, of bundles that serve on them.

# find_cards: after find_gpus and find_gpu_access, sets CARDS_USED to how many GPUs the server will use,
# CARD_MEMORY to the MiB of the smallest of them, USED_LINES to their lines, and GPU_REFUSED to what `up`
# would say of settings and device nodes.
find_cards() {
    CARDS_USED=1 CARD_MEMORY='' USED_LINES='' GPU_REFUSED='' SMI_PATIENCE=30
    # shellcheck disable=SC2086,SC2317  # DOCKER may be several words; find_gpu_access calls this
    docker_() {
        [ "$DOCKER_STATE" = there ] && limited $DOCKER "$@"
    }
    find_gpus
    is_number "$GPU_COUNT" || GPU_COUNT=0
    find_gpu_access
    [ "$GPU_COUNT" -gt 0 ] || return 0
    GPU_REFUSED=$({
        check_tensor_parallel
        check_nodes_open
    } 2>&1)
    CARDS_USED=$(tensor_parallel)
    { is_number "$CARDS_USED" && [ "$CARDS_USED" -gt 0 ]; } || CARDS_USED=1
    USED_LINES=$(printf '%s\n' "$GPU_LINES" | sed -n "1,${CARDS_USED}p")
    CARD_MEMORY=$(printf '%s\n' "$USED_LINES" | awk -F'|' '
        $3 !~ /^[1-9][0-9]*$/ { unknown = 1 }
        NR == 1 || $3 < least { least = $3 + 0 }
        END { if (!unknown) printf "%.0f", least }')
}

check_gpu() {
    needed=$(text check_gpu_needed)
    case $GPU_COUNT,$GPU_MIG,$GPU_FAULT in
    0,1,*)
        note_failure gpu "$(text e_gpu_mig)"
        return
        ;;
    *'version mismatch'*)
        note_failure gpu "$(text e_gpu_mismatch "$GPU_FAULT")"
        return
        ;;
    0,*,?*)
        note stop gpu "$(text check_gpu_broken "$GPU_FAULT")" "$needed" "$(text check_gpu_do)"
        return
        ;;
    0,*)
        note stop gpu "$(text check_gpu_none)" "$needed" "$(text check_gpu_do)"
        return
        ;;
    esac
    [ -z "$GPU_REFUSED" ] || note_failure gpu "$GPU_REFUSED"
    names=$(printf '%s\n' "$GPU_LINES" | awk -F'|' '{ all = all (NR > 1 ? ", " : "") $2 " " $3 " MiB" } END { print all }')
    found=$(text check_gpu_found "$GPU_COUNT" "$names" "$CARDS_USED")
    if [ -n "$GPU_FAULT" ]; then
        note warn gpu "$(text check_gpu_broken "$GPU_FAULT")" "$needed" "$(text check_gpu_do)"
    elif [ "$(printf '%s\n' "$USED_LINES" | awk -F'|' '!seen[$2]++ { n++ } END { print n + 0 }')" -gt 1 ]; then
        note warn gpu "$found" "$(text check_gpu_alike)" "$(text check_gpu_smallest)"
    else
        note ok gpu "$found"
    fi
}

# check_driver: within a major version of CUDA an older driver runs what newer tools built (NVIDIA, CUDA
# Compatibility, minor version compatibility): from 525 on for 12.x, from 580 on for 13.x.
check_driver() {
    needed=$(text check_driver_needed "${STACK_DRIVER:-?}" "${STACK_CUDA:-?}")
    if [ -z "$GPU_DRIVER" ]; then
        note stop driver "$(text check_driver_none)" "$needed" "$(text check_driver_do)"
    elif ! version_of "$GPU_DRIVER" || ! is_number "$STACK_DRIVER"; then
        note warn driver "$GPU_DRIVER" "$needed"
    elif [ "$MAJOR" -lt "$STACK_DRIVER" ]; then
        note stop driver "$GPU_DRIVER" "$needed" "$(text check_driver_do)"
    else
        note ok driver "$GPU_DRIVER" "$needed"
    fi
}

# check_capability: code built for X.Y runs on X.Z with Z >= Y, and on no other X (NVIDIA, CUDA C++
# Programming Guide, binary compatibility).
check_capability() {
    [ "$GPU_COUNT" -gt 0 ] || return 0
    needed=$(text check_capability_needed "${STACK_CAPABILITIES:-?}")
    answer=$(printf '%s\n' "$USED_LINES" | awk -F'|' -v built="$STACK_CAPABILITIES" '
        BEGIN { n = split(built, capability, " ") }
        {
            fits = 0
            split($4, own, ".")
            for (i = 1; i <= n; i++) {
                split(capability[i], part, ".")
                if (part[1] + 0 == own[1] + 0 && part[2] + 0 <= own[2] + 0) fits = 1
            }
            if ($4 !~ /^[0-9]+\.[0-9]+$/) unknown = 1
            else if (!fits) wrong = 1
            if ($4 != "" && !shown[$4]++) all = all (all == "" ? "" : ", ") $4
        }
        END { print (wrong ? "wrong" : unknown || !n ? "unknown" : "right"), all }')
    found=${answer#* }
    case $answer in
    right*) ;;
    wrong*)
        note stop capability "$found" "$needed" "$(text check_capability_do)"
        return
        ;;
    *)
        note warn capability "$(text check_capability_unknown)" "$needed"
        return
        ;;
    esac
    case $DTYPE,$found in
    bfloat16,[1-7].* | bfloat16,*' '[1-7].*)
        note stop capability "$found" "$(text check_capability_bfloat16)" "$(text check_dtype_do "$CONF")"
        ;;
    *) note ok capability "$found" "$needed" ;;
    esac
}

# check_gpu_access: how a container gets the GPUs.
check_gpu_access() {
    [ "$GPU_COUNT" -gt 0 ] || return 0
    case $GPU_ACCESS in
    cdi) check_specification ;;
    toolkit | devices) note ok gpu_access "$(text "word_access_$GPU_ACCESS")" ;;
    *) note stop gpu_access "$(text check_access_none "$GPU_LACKS")" "$(text check_access_needed)" "$(text check_access_do)" ;;
    esac
}

# check_specification: it names the driver's files by its version, and is not changed when that is.
check_specification() {
    found=$(text word_access_cdi)
    if grep -Eqs 'libcuda\.so\.[0-9]+\.[0-9]' "$GPU_SPEC" && ! grep -Fqs "libcuda.so.$GPU_DRIVER" "$GPU_SPEC"; then
        note warn gpu_access "$found" "$(text check_cdi_needed "$GPU_SPEC" "$GPU_DRIVER")" "$(text check_cdi_do "$GPU_SPEC")"
    else
        note ok gpu_access "$found"
    fi
}

# What a program has of a GPU's memory as soon as it uses CUDA, in MiB: some hundreds, which vLLM counts as
# used by others when it looks for its share.
CUDA_TAKES=400

# check_gpu_use: vLLM does not start where less is free than its share of the GPU's memory, even if
# KV_CACHE_MEMORY says what it is to take (request_memory in vllm/v1/worker of 0.19.1 and 0.32.0).
check_gpu_use() {
    { [ "$GPU_COUNT" -gt 0 ] && [ -z "$GPU_MIG" ]; } || return 0
    if [ -n "$GPU_FAULT" ] || ! smi=$(host_program nvidia-smi); then
        note warn gpu_use "$(text check_unanswered nvidia-smi)" '' "$(text check_use_see)"
        return
    fi
    used=$(query_gpus index,memory.total,memory.used |
        sed -n "1,${CARDS_USED}p" | awk -F'[, ]+' '
            NF != 3 || $2 !~ /^[1-9][0-9]*$/ || $3 !~ /^[0-9]+$/ { bad = 1 }
            NR == 1 || $3 + 0 > most { most = $3 + 0; total = $2 }
            END { if (NR && !bad) printf "%.0f %.0f", most, total }')
    if ! is_number "${used% *}" || ! is_number "${used#* }"; then
        note warn gpu_use "$(text check_unanswered nvidia-smi)" '' "$(text check_use_see)"
        return
    fi
    total=${used#* } used=${used% *} share=$(per_mille)
    found=$(text check_use_found "$used" "$total")
    if server_runs; then
        note ok gpu_use "$found" "$(text check_use_ours)"
        return
    fi
    needed=$(text check_use_needed "$((total * (1000 - share) / 1000))" \
        "${GPU_MEMORY_UTILIZATION:-0.9}")
    if [ "$((used * 1000))" -gt "$((total * (1000 - share)))" ]; then
        holders=$(limited "$smi" --query-compute-apps=pid,process_name,used_memory --format=csv,noheader |
            sed -n '1,5{s/[[:cntrl:]]//g;p;}' | awk '{ all = all (NR > 1 ? "; " : "") $0 } END { print all }')
        note stop gpu_use "$found${holders:+ ($holders)}" "$needed" "$(text check_use_end "$CONF")"
    elif [ "$(((used + CUDA_TAKES) * 1000))" -gt "$((total * (1000 - share)))" ]; then
        note warn gpu_use "$found" "$needed" "$(text check_use_end "$CONF")"
    else
        note ok gpu_use "$found" "$needed"
    fi
}

# server_runs: is what is in use used by this bundle's own server?
server_runs() {
    [ "$DOCKER_STATE" = there ] || return 1
    # shellcheck disable=SC2086  # DOCKER may be several words
    [ -n "$(limited $DOCKER ps --quiet --filter "label=airgap.bundle=$BUNDLE" \
        --filter label=airgap.service=server)" ]
}
