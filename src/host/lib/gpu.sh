# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The host's NVIDIA GPUs, their driver, and how a container gets at them. Everything is looked for
# below HOST_ROOT, which only tests set.

HOST_ROOT=${AIRGAP_HOST_ROOT-}
# Seconds: without persistence mode nvidia-smi first wakes each GPU; for one that fell off the bus it may
# wait for ever.
SMI_PATIENCE=60

# find_gpus: sets what CUDA would see, without changing anything:
#   GPU_COUNT   the number of GPUs
#   GPU_DRIVER  the driver's version, such as 535.183.01, or nothing
#   GPU_LINES   a line each: index|name|memory in MiB or nothing|compute capability or nothing
#   GPU_MIG     1 where a GPU is cut into MIG instances, of which a CUDA program sees one
#   GPU_FAULT   what nvidia-smi said, if it failed
find_gpus() {
    GPU_LINES='' GPU_MIG='' GPU_FAULT=''
    # "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 …"
    GPU_DRIVER=$(awk '/^NVRM version:/ {
        for (i = 3; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+(\.[0-9]+)?$/) { print $i; exit }
    }' "$HOST_ROOT/proc/driver/nvidia/version" 2>/dev/null)
    ask_nvidia_smi || list_gpus_of_kernel
    GPU_COUNT=$(printf '%s' "$GPU_LINES" | grep -c '')
}

# ask_nvidia_smi: fails where there is none, or it does not work.
ask_nvidia_smi() {
    smi=$(host_program nvidia-smi) || return 1
    fields=index,name,memory.total,driver_version,mig.mode.current
    answer=$(query_gpus "$fields,compute_cap")
    failed=$?
    case $answer in
    *'"compute_cap" is not'*) # before 510
        answer=$(query_gpus "$fields")
        failed=$?
        ;;
    esac
    if [ "$failed" -ne 0 ]; then
        # Newer drivers tell the library's version in a line behind that of the mismatch.
        GPU_FAULT=$(last_line "$(printf '%s\n' "$answer" | grep 'version mismatch' || printf '%s\n' "$answer")")
        return 1
    fi
    GPU_LINES=$(printf '%s\n' "$answer" | awk -F ', *' '$1 ~ /^[0-9]+$/ {
        print $1 "|" $2 "|" ($3 ~ /^[0-9]+$/ ? $3 : "") "|" ($6 ~ /^[0-9]+\.[0-9]+$/ ? $6 : "")
    }')
    : "${GPU_DRIVER:=$(printf '%s\n' "$answer" | awk -F ', *' '$1 ~ /^[0-9]+$/ { print $4; exit }')}"
    case $answer in
    *', Enabled'*) take_mig_instance ;;
    esac
}

# query_gpus FIELDS: nvidia-smi ends with 14 where the infoROM of a GPU is damaged, after a good answer
# (nvmlReturn_t in NVIDIA's NVML reference). timeout of busybox ends with 143 where others do with 124.
query_gpus() {
    timeout "$SMI_PATIENCE" "$smi" --query-gpu="$1" --format=csv,noheader,nounits 2>&1
    case $? in
    0 | 14) ;;
    124 | 143)
        echo
        text smi_silent "$SMI_PATIENCE"
        return 1
        ;;
    *) return 1 ;;
    esac
}

# take_mig_instance: the first instance takes the place of all GPUs, as it does for CUDA programs. Its
# memory is what its name says ("3g.40gb", "1c.3g.40gb", "1g.10gb+me"), less the part that is never free:
# 972 MiB a GB.
take_mig_instance() {
    GPU_MIG=1
    GPU_LINES=$(
        {
            printf '%s\n' "$GPU_LINES"
            timeout "$SMI_PATIENCE" "$smi" -L 2>/dev/null
        } | awk -F '|' '
            NF == 4 { name[$1] = $2; capability[$1] = $4; next }
            /^GPU [0-9]+:/ { gpu = $0; sub(/^GPU /, "", gpu); sub(/:.*/, "", gpu) }
            /^ +MIG [0-9]/ {
                split($0, word, " ")
                memory = word[2]
                sub(/^.*\./, "", memory)
                print gpu "|" name[gpu] " MIG " word[2] "|" int(memory * 972) "|" capability[gpu]
                exit
            }'
    )
}

# list_gpus_of_kernel: names alone, as the driver's kernel module tells them.
list_gpus_of_kernel() {
    GPU_LINES=$(cat "$HOST_ROOT"/proc/driver/nvidia/gpus/*/information 2>/dev/null | awk '
        /^Model:/ { model = $0; sub(/^Model:[ \t]*/, "", model); n++; name[n] = model }
        /^GPU Excluded:[ \t]*Yes/ { n-- }
        END { for (i = 1; i <= n; i++) print i - 1 "|" name[i] "||" }')
}

# find_gpu_access: after find_gpus, sets how a container gets at the GPUs:
#   GPU_ACCESS     toolkit  the NVIDIA container toolkit, which Docker knows
#                  cdi      a CDI specification that Docker reads
#                  devices  neither: the device nodes and the driver's libraries are handed over
#                  none     no GPU, or something lacks for that
#   GPU_OPTIONS    the options of `docker create` for toolkit and cdi
#   GPU_SPEC       for cdi: the file of the specification
#   GPU_NODES      the host's device nodes that are there, a line each
#   GPU_LIBRARIES  for devices: the host's files that are mounted, a line each
#   GPU_LACKS      for none: the files that are not there, a line each
find_gpu_access() {
    GPU_ACCESS=none GPU_OPTIONS='' GPU_SPEC='' GPU_NODES='' GPU_LIBRARIES='' GPU_LACKS=''
    [ "$GPU_COUNT" -gt 0 ] || return 0
    find_nodes
    # A Docker that cannot answer, such as podman in its place, does not take these options either.
    runtimes=$(docker_ info --format '{{json .Runtimes}}' 2>/dev/null)
    # Docker offers --gpus where this program is in its PATH (moby, daemon/nvidia_linux.go).
    if [ -n "$runtimes" ] && host_program nvidia-container-runtime-hook >/dev/null; then
        GPU_ACCESS=toolkit GPU_OPTIONS='--gpus all'
    elif printf '%s\n' "$runtimes" | grep -q '"nvidia":'; then
        GPU_ACCESS=toolkit GPU_OPTIONS='--runtime nvidia --env NVIDIA_VISIBLE_DEVICES=all'
    elif GPU_SPEC=$(cdi_specification) && [ -n "$GPU_SPEC" ]; then
        GPU_ACCESS=cdi GPU_OPTIONS='--device nvidia.com/gpu=all'
    elif [ -e "$HOST_ROOT/dev/dxg" ] && [ -d "$HOST_ROOT/usr/lib/wsl/lib" ]; then
        GPU_NODES=/dev/dxg GPU_LIBRARIES=$HOST_ROOT/usr/lib/wsl GPU_ACCESS=devices
    else
        require_nodes
        find_libraries
        [ -n "$GPU_LACKS" ] || GPU_ACCESS=devices
    fi
}

# cdi_specification: the first of all GPUs that Docker reads. It tells its folders from 25.0 on, if CDI is on.
cdi_specification() {
    docker_ info --format '{{range .CDISpecDirs}}{{println .}}{{end}}' 2>/dev/null | while IFS= read -r folder; do
        for spec in "$HOST_ROOT$folder"/*.yaml "$HOST_ROOT$folder"/*.json; do
            grep -Eqs 'kind"?: *"?nvidia\.com/gpu"?' "$spec" && grep -Eqs 'name"?: *"?all"?' "$spec" && echo "$spec"
        done
    done | head -n 1
}

# find_nodes: those of MIG's instances everybody may read; the others of nvidia-caps are for whoever
# changes the instances (nvidia-cap1) or manages NVSwitch (fabric-mgmt, fabric-imex-mgmt), which is root.
find_nodes() {
    GPU_NODES=$(
        for node in "$HOST_ROOT"/dev/nvidia[0-9]* "$HOST_ROOT"/dev/nvidiactl \
            "$HOST_ROOT"/dev/nvidia-uvm "$HOST_ROOT"/dev/nvidia-uvm-tools "$HOST_ROOT"/dev/nvidia-caps/nvidia-cap*; do
            case $node in
            */nvidia-cap1) continue ;;
            */nvidia-caps/*)
                case $(stat -c %a -- "$node" 2>/dev/null) in
                *00) continue ;;
                esac
                ;;
            esac
            [ ! -e "$node" ] || echo "${node#"$HOST_ROOT"}"
        done
    )
}

# require_nodes: those without which CUDA does not start.
require_nodes() {
    for node in /dev/nvidiactl /dev/nvidia-uvm; do
        [ -e "$HOST_ROOT$node" ] || lack "$node"
    done
    case $GPU_NODES in
    */dev/nvidia[0-9]*) ;;
    *) lack /dev/nvidia0 ;;
    esac
}

# find_libraries: of the kernel module's own version, as libnvidia-container takes them; others do not
# work with it. The last two of the list belong to newer drivers, nvidia-smi to most.
find_libraries() {
    folders=$(driver_folders)
    GPU_LIBRARIES=$(
        for name in libcuda libnvidia-ml libnvidia-ptxjitcompiler libnvidia-nvvm libnvidia-gpucomp; do
            printf '%s\n' "$folders" | while IFS= read -r folder; do
                file=$HOST_ROOT$folder/$name.so.$GPU_DRIVER
                if [ -f "$file" ]; then
                    printf '%s\n' "$file"
                    break
                fi
            done
        done
        host_program nvidia-smi
    )
    for name in libcuda libnvidia-ml libnvidia-ptxjitcompiler; do
        case $GPU_LIBRARIES in
        *"/$name.so."*) ;;
        *) lack "$name.so.$GPU_DRIVER" ;;
        esac
    done
}

# lack FILE
lack() {
    GPU_LACKS="$GPU_LACKS${GPU_LACKS:+
}$1"
}

# driver_folders: where the driver's libraries may be: where ldconfig has them, then where Debian, the
# Red Hat and SUSE families, the driver's own installer and NixOS put them.
driver_folders() {
    if ldconfig=$(host_program ldconfig); then
        "$ldconfig" -p 2>/dev/null |
            awk '($1 == "libcuda.so.1" || $1 == "libnvidia-ml.so.1") && /x86-64/ { sub(/.*=> /, ""); print }' |
            while IFS= read -r file; do
                dirname -- "$(followed "$file")"
            done
    fi
    printf '%s\n' /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current /usr/lib64 \
        /usr/lib64/nvidia /usr/lib /usr/local/nvidia/lib64 /run/opengl-driver/lib
}

# followed PATH: the file that a chain of links below HOST_ROOT ends at.
followed() {
    path=$1
    for _ in 1 2 3 4 5 6 7 8; do
        target=$(readlink "$HOST_ROOT$path") || break
        case $target in
        /*) path=$target ;;
        *) path=${path%/*}/$target ;;
        esac
    done
    printf '%s\n' "$path"
}

# host_program NAME: its path. Where root's folders are not in the PATH of the user, as for ldconfig on
# Debian, they count too.
host_program() {
    for folder in /usr/bin /bin /usr/sbin /sbin /usr/local/bin /usr/local/sbin /opt/bin /usr/lib/wsl/lib \
        /run/current-system/sw/bin; do
        if [ -x "$HOST_ROOT$folder/$1" ]; then
            echo "$HOST_ROOT$folder/$1"
            return
        fi
    done
    [ -z "$HOST_ROOT" ] && command -v "$1"
}
