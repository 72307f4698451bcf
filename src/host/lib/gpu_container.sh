# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Containers get at the GPUs that gpu.sh finds.

# Where a container has the driver's libraries, if this program mounts them.
DRIVER_AT=/run/airgap/driver
GPU_COUNT=  # unset until they were looked for
GPU_ACCESS= # unset until it was made sure that they can be had

# require_gpus: fails unless the model server can have the GPUs that it is set to use.
require_gpus() {
    [ "$DEVICE" = cuda ] && [ -z "$LLM_URL$GPU_ACCESS" ] || return 0
    [ -n "$GPU_COUNT" ] || find_gpus
    case $GPU_FAULT in
    *'version mismatch'*) fail e_gpu_mismatch "$GPU_FAULT" ;;
    esac
    if [ "$GPU_COUNT" -eq 0 ]; then
        [ -z "$GPU_MIG" ] || fail e_gpu_mig
        [ -z "$GPU_DRIVER" ] || fail e_gpu_gone "$GPU_DRIVER" "${GPU_FAULT:--}"
        fail e_no_gpu "${STACK_DRIVER:-525}"
    fi
    case $STACK_DRIVER,${GPU_DRIVER%%.*} in
    ,* | *,) ;;
    *) [ "${GPU_DRIVER%%.*}" -ge "$STACK_DRIVER" ] || fail e_gpu_driver "$GPU_DRIVER" "$STACK_DRIVER" "$STACK_CUDA" ;;
    esac
    check_tensor_parallel
    find_gpu_access
    [ "$GPU_ACCESS" != none ] || fail_gpu_access
    check_nodes_open
}

fail_gpu_access() {
    lacking=$(printf '%s' "$GPU_LACKS" | tr '\n' ' ')
    case $GPU_LACKS in
    */dev/*) fail e_gpu_nodes "$lacking" "$PROGRAM" ;;
    *) fail e_gpu_libraries "$lacking" "$GPU_DRIVER" ;;
    esac
}

# tensor_parallel: the number of GPUs that share the model: TENSOR_PARALLEL, or for auto the most.
tensor_parallel() {
    case $TENSOR_PARALLEL in
    auto) splits "$GPU_COUNT" 1 ;;
    *) echo "$TENSOR_PARALLEL" ;;
    esac
}

check_tensor_parallel() {
    [ "$TENSOR_PARALLEL" != auto ] || return 0
    [ "$TENSOR_PARALLEL" -le "$GPU_COUNT" ] || fail e_gpu_count "$TENSOR_PARALLEL" "$GPU_COUNT" "$CONF"
    [ "$(splits "$TENSOR_PARALLEL" "$TENSOR_PARALLEL")" = "$TENSOR_PARALLEL" ] ||
        fail e_gpu_split "$TENSOR_PARALLEL" "$(head_count)" "$CONF"
}

# splits MOST LEAST: the largest number of GPUs that vLLM can split the model over, from MOST down to
# LEAST; 1 where there is none. It must divide the heads, and the key-value heads unless it is a
# multiple of them (vllm/config/model.py and the models of vLLM 0.19.1 and 0.32.0).
splits() {
    head_count | awk -v most="$1" -v least="$2" '{
        for (n = most; n > 1 && n >= least; n--)
            if ($1 > 0 && $1 % n == 0 && ($2 % n == 0 || n % $2 == 0)) break
        print (n > 1 && n >= least ? n : 1)
    }'
}

# head_count: the model's heads and key-value heads, 0 where they are not known.
head_count() {
    if [ "$LLM_DIR" = "$HERE/models/$LLM" ] && [ -n "$MODEL_HEADS" ]; then
        echo "$MODEL_HEADS ${MODEL_KV_HEADS:-$MODEL_HEADS}"
        return
    fi
    tr -d '[:space:]' <"$LLM_DIR/config.json" | tr , '\n' | awk -F : '
        /"num_attention_heads":/ && !heads { heads = $NF + 0 }
        /"num_key_value_heads":/ && !own { own = $NF + 0 }
        END { print heads + 0, (own ? own : heads) + 0 }'
}

# check_nodes_open: fails unless uid 1000 can use the device nodes, with the groups of node_groups.
check_nodes_open() {
    closed=$(nodes_by_access closed)
    # shellcheck disable=SC2086  # a list
    [ -z "$closed" ] || fail e_gpu_closed "$(printf '%s' "$closed" | tr '\n' ' ')"
}

# node_groups: the groups that uid 1000 needs for the device nodes.
node_groups() {
    nodes_by_access group | sort -u
}

# nodes_by_access closed|group: the nodes that neither everybody nor their group may use, or the groups
# of those that only their group may. Capabilities are read only.
nodes_by_access() {
    printf '%s\n' "$GPU_NODES" | while IFS= read -r node; do
        need=6
        case $node in
        '') continue ;;
        */nvidia-caps/*) need=4 ;;
        esac
        stat -c '%a %g %n' -- "$HOST_ROOT$node" | awk -v need="$need" -v wanted="$1" -v node="$node" '
            function may(digit) { return need == 4 ? digit >= 4 : digit >= 6 }
            may($1 % 10) { next }
            may(int($1 / 10) % 10) { if (wanted == "group") print $2; next }
            wanted == "closed" { print node }'
    done
}

# with_gpus CALLED ARGUMENT…: adds docker's options for the GPUs, and for what programs that run on them
# need, and calls CALLED with all.
#   NCCL_CUMEM_HOST_ENABLE: NCCL's other way to share memory between GPUs needs system calls for NUMA,
#   which Docker allows to nobody without SYS_NICE; this one takes --shm-size.
#   CUDA_DEVICE_ORDER: else CUDA puts the fastest GPU first, and nvidia-smi goes by the bus.
with_gpus() {
    require_gpus
    set -- "$@" --env "TENSOR_PARALLEL=$(tensor_parallel)" \
        --env NVIDIA_DRIVER_CAPABILITIES=compute,utility --env NCCL_CUMEM_HOST_ENABLE=0 \
        --env CUDA_DEVICE_ORDER=PCI_BUS_ID
    # shellcheck disable=SC2086  # options
    [ "$GPU_ACCESS" = devices ] || set -- "$@" $GPU_OPTIONS
    # Debian, for one, gives the nodes to the group video alone.
    for group in $(node_groups); do
        set -- "$@" --group-add "$group"
    done
    case $GPU_ACCESS in
    cdi) "$@" ;;
    # The toolkit's hook adds the nodes behind systemd's back, which takes them away again at
    # "systemctl daemon-reload" unless Docker knows of them (NVIDIA/nvidia-container-toolkit, issue 48).
    toolkit) with_nodes "$@" ;;
    devices) with_nodes with_libraries "$@" ;;
    esac
}

# with_nodes CALLED ARGUMENT…: adds the device nodes that are there.
with_nodes() {
    while IFS= read -r node; do
        [ -z "$node" ] || set -- "$@" --device "$HOST_ROOT$node:$node:rw"
    done <<END
$GPU_NODES
END
    "$@"
}

# with_libraries CALLED ARGUMENT…: adds the driver's libraries under the names by which programs load
# them. Triton would ask ldconfig, whose cache knows nothing of them.
with_libraries() {
    while IFS= read -r file; do
        set -- "$@" --mount "$(mount_of "$file" "$(driver_file_at "$file")" readonly)"
    done <<END
$GPU_LIBRARIES
END
    driver=$DRIVER_AT
    [ "$GPU_NODES" != /dev/dxg ] || driver=/usr/lib/wsl/lib
    "$@" --env "LD_LIBRARY_PATH=$driver" --env "TRITON_LIBCUDA_PATH=$driver"
}

# driver_file_at FILE: where a container has it.
driver_file_at() {
    name=${1##*/}
    case $name in
    nvidia-smi) echo /usr/bin/nvidia-smi ;;
    wsl) echo /usr/lib/wsl ;;
    libnvidia-gpucomp.*) echo "$DRIVER_AT/$name" ;;
    libnvidia-nvvm.*) echo "$DRIVER_AT/libnvidia-nvvm.so.4" ;;
    *) echo "$DRIVER_AT/${name%%.so.*}.so.1" ;;
    esac
}
