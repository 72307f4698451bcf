# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# `airgap check`: the machine and its system.

# What processes take beside weights and context, in bytes. The server on a CPU: 2.7 GB with a model of
# 0.27 GB and a context of 0.25 GB. AgentFabric's page: 0.9 GB (bench/RESULTS.md). With a GPU nothing
# was measured: the process of each GPU has its own copy of PyTorch and CUDA's libraries.
SERVER_BASE=2200000000
CARD_BASE=3000000000
PAGE_BASE=1000000000

check_system() {
    machine=$(plain "$(uname -m)")
    needed=$(text check_system_needed)
    case $machine in
    x86_64 | amd64) note ok system "$machine, $(system_name)" ;;
    '') note warn system "$(text check_unanswered uname)" "$needed" ;;
    *) note stop system "$machine, $(system_name)" "$needed" "$(text check_system_do)" ;;
    esac
}

# system_name: what the distribution calls itself (os-release(5)).
system_name() {
    plain "$(sed -n 's/^PRETTY_NAME="*\([^"]*\)"*$/\1/p' "$HOST_ROOT/etc/os-release")"
}

# check_cpu: the CPU server's wheel holds kernels for AVX2 and for AVX-512, and none for less; PyTorch
# and the index of knowledge choose at run time, which was never tried without AVX2.
check_cpu() {
    flags=" $(sed -n '/^flags[ \t]*:/{s/^[^:]*://p;q;}' "$HOST_ROOT/proc/cpuinfo") "
    model=$(plain "$(sed -n '/^model name[ \t]*:/{s/^[^:]*: *//p;q;}' "$HOST_ROOT/proc/cpuinfo")")
    cores=$(awk '/^processor[ \t]*:/ { n++ } END { print n }' "$HOST_ROOT/proc/cpuinfo")
    serves=
    [ "$DEVICE" != cpu ] || [ -n "$LLM_URL" ] || serves=1
    case $flags in
    *[a-z]*) ;;
    *)
        note warn cpu "$(text check_unreadable /proc/cpuinfo)" "AVX2"
        return
        ;;
    esac
    case $flags,$serves in
    *' avx512f '*) note ok cpu "$(text check_cpu_found "$model" "$cores" AVX-512)" ;;
    *' avx2 '*,1) note ok cpu "$(text check_cpu_found "$model" "$cores" AVX2)" "$(text check_cpu_faster)" ;;
    *' avx2 '*) note ok cpu "$(text check_cpu_found "$model" "$cores" AVX2)" ;;
    *,1) note stop cpu "$(text check_cpu_old "$model" "$cores")" "AVX2" "$(text check_cpu_do)" ;;
    *) note warn cpu "$(text check_cpu_old "$model" "$cores")" "AVX2" "$(text check_cpu_untried)" ;;
    esac
}

# server_memory: what the model server takes of the host's memory, in bytes.
server_memory() {
    if [ "$DEVICE" = cuda ]; then
        echo "$((SERVER_BASE + CARD_BASE * ${CARDS_USED:-1}))"
    elif is_number "$MODEL_WEIGHTS"; then
        echo "$((SERVER_BASE + MODEL_WEIGHTS + $(bytes_of "${KV_CACHE_MEMORY:-256m}")))"
    else
        echo "$SERVER_BASE"
    fi
}

check_memory() {
    needed=0
    if [ -z "$LLM_URL" ]; then
        needed=$(server_memory)
        if [ "$needed" -gt "$(bytes_of "$SERVER_MEMORY")" ]; then
            worst=stop
            [ "$DEVICE" = cpu ] || worst=warn # its need was not measured
            note "$worst" memory "SERVER_MEMORY=$SERVER_MEMORY" "$(text check_memory_server "$(human "$needed")")" \
                "$(text check_memory_raise "$CONF")"
        fi
    fi
    for page in "$BUILDER_STACK" "$AGENT"; do
        [ -z "$page" ] || needed=$((needed + PAGE_BASE))
    done
    total=$(bytes_of_memory MemTotal) || {
        note warn memory "$(text check_unreadable /proc/meminfo)" "$(human "$needed")"
        return
    }
    # A container or a slice may allow less than the machine has.
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        limit=$(line_of "$file")
        ! is_number "$limit" || [ "$limit" -ge "$total" ] || total=$limit
    done
    left=$(bytes_of_memory MemAvailable) || left=$total
    found=$(text check_memory_found "$(human "$total")" "$(human "$left")")
    needed_text=$(text check_memory_needed "$(human "$needed")")
    if [ "$total" -lt "$needed" ]; then
        note stop memory "$found" "$needed_text" "$(text check_memory_more)"
    elif [ "$left" -lt "$needed" ] && ! server_runs; then
        note warn memory "$found" "$needed_text" "$(text check_memory_end)"
    else
        note ok memory "$found" "$needed_text"
    fi
}

# check_kernel: Landlock (Linux 5.13 and later) keeps code that agents run to its own folder.
check_kernel() {
    release=$(line_of /proc/sys/kernel/osrelease)
    modules=$(line_of /sys/kernel/security/lsm)
    if [ -z "$BUILDER_STACK" ]; then
        [ -z "$release" ] || note ok kernel "Linux $release"
        return
    fi
    case ,$modules, in
    *,landlock,*) note ok kernel "$(text check_kernel_landlock "$release")" ;;
    ,,)
        if version_reaches "$release" 5 13; then
            note warn kernel "$(text check_kernel_unknown "$release")" "$(text check_kernel_needed)" \
                "$(text check_kernel_see)"
        else
            note warn kernel "$(text check_kernel_old "$release")" "$(text check_kernel_needed)" \
                "$(text check_kernel_do)"
        fi
        ;;
    *)
        note warn kernel "$(text check_kernel_off "$release")" "$(text check_kernel_needed)" \
            "$(text check_kernel_boot)"
        ;;
    esac
}

# check_clock: logins and certificates go by it. This program is of 2026.
check_clock() {
    now=$(date +%s)
    is_number "$now" || {
        note warn clock "$(text check_unanswered date)"
        return
    }
    synchronised=
    ! there timedatectl || synchronised=$(limited timedatectl show --property NTPSynchronized)
    shown=$(plain "$(date '+%Y-%m-%d %H:%M %z')")
    if [ "$now" -lt 1767225600 ]; then
        note warn clock "$shown" "$(text check_clock_needed)" "$(text check_clock_do)"
    else
        case $synchronised in
        *=yes) note ok clock "$shown, NTP" ;;
        *) note ok clock "$shown" ;;
        esac
    fi
}

# check_shm: processes of several GPUs speak by shared memory, which a container has of its own.
check_shm() {
    found="SERVER_SHM=$SERVER_SHM"
    if [ "${CARDS_USED:-1}" -gt 1 ] && [ "$(bytes_of "$SERVER_SHM")" -lt 1073741824 ]; then
        note stop shm "$found" "$(text check_shm_needed "$CARDS_USED")" "$(text check_shm_do "$CONF")"
    else
        note ok shm "$found"
    fi
}

# check_python: for the PEX files, which run without Docker. Their wheels are manylinux_2_28 and later.
check_python() {
    python=
    ! there python3.11 || python=$(plain "$(limited python3.11 --version)")
    python=${python#Python }
    library=$(plain "$(limited getconf GNU_LIBC_VERSION)")
    library=${library#glibc }
    : "${library:=$(limited ldd --version | sed -n '1s/.* \([0-9][0-9.]*\)$/\1/p')}"
    found=$(text check_python_found "${python:-$(text check_python_none)}" "${library:-$(text check_python_none)}")
    if [ -n "$python" ] && version_reaches "$library" 2 28; then
        note ok python "$found" "$(text check_python_pex)"
    else
        note ok python "$found" "$(text check_python_image "$PROGRAM")"
    fi
}
