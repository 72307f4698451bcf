# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# `airgap check`: Docker itself, what it was configured to do, and the host's part in it.
# What `docker info` and `podman info` say: Docker Engine API (SystemInfo), podman-info(1).

# find_docker: sets DOCKER_STATE to there, absent, forbidden, silent or down, ENGINE to docker or podman,
# ENGINE_ANSWER to what was complained of, and what else is known of the engine.
find_docker() {
    DOCKER_STATE=absent ENGINE=docker ENGINE_ANSWER='' ENGINE_VERSION='' STORAGE='' STORE=classic
    IMAGES_AT=/var/lib/docker facts=
    there "${DOCKER%% *}" || return 0
    # shellcheck disable=SC2086  # DOCKER may be several words
    answer=$(limited $DOCKER info --format '{{json .}}' 2>&1)
    ended=$?
    facts=$(printf '%s\n' "$answer" | awk '/^[ \t]*[{]/ { on = 1 } on' | flatten_json)
    ENGINE_VERSION=$(plain "$(fact .ServerVersion)") STORAGE=$(plain "$(fact .Driver)")
    IMAGES_AT=$(fact .DockerRootDir)
    if [ -n "$(fact .version.Version)" ]; then
        ENGINE=podman ENGINE_VERSION=$(plain "$(fact .version.Version)")
        STORAGE=$(fact .store.graphDriverName) IMAGES_AT=$(fact .store.graphRoot)
    fi
    case $(fact .DriverStatus.0.1),$(fact .Containerd.Address) in
    io.containerd.*,/run/containerd/*) STORE=containerd IMAGES_AT=/var/lib/containerd ;;
    io.containerd.*) STORE=containerd ;;
    esac
    : "${IMAGES_AT:=/var/lib/docker}"
    if [ -n "$ENGINE_VERSION" ]; then
        DOCKER_STATE=there
        return
    fi
    ENGINE_ANSWER=$(fact .ServerErrors.0)
    : "${ENGINE_ANSWER:=$(last_line "$(printf '%s\n' "$answer" | sed '/^[ \t]*[{]/d')")}"
    ENGINE_ANSWER=$(plain "$ENGINE_ANSWER")
    case $ended,$ENGINE_ANSWER in
    124,* | 137,*) DOCKER_STATE=silent ;;
    *'permission denied'* | *'a password is required'*) DOCKER_STATE=forbidden ;;
    *) DOCKER_STATE=down ;;
    esac
}

check_docker() {
    needed=$(text check_docker_needed)
    command=${DOCKER%% *}
    case $DOCKER_STATE in
    absent) note stop docker "$(text check_docker_absent "$command")" "$needed" "$(text check_docker_install)" ;;
    silent)
        note stop docker "$(text check_docker_silent "$command" "$PATIENCE")" "$needed" \
            "$(text check_docker_restart)"
        ;;
    forbidden)
        note stop docker "$ENGINE_ANSWER" "$(text check_docker_right)" "$(text check_docker_join "$(id -un)")"
        ;;
    down) note stop docker "$ENGINE_ANSWER" "$needed" "$(text check_docker_start)" ;;
    *)
        if [ "$ENGINE" = podman ]; then
            note stop docker "podman $ENGINE_VERSION" "$needed" "$(text check_docker_podman)"
        elif version_reaches "$ENGINE_VERSION" 20 10; then
            note ok docker "$ENGINE_VERSION" "$needed"
        else
            note stop docker "$ENGINE_VERSION" "$needed" "$(text check_docker_update)"
        fi
        ;;
    esac
}

check_store() {
    [ "$DOCKER_STATE" = there ] || return 0
    found=$(text "word_store_$STORE" "${STORAGE:-?}" "$IMAGES_AT")
    case $STORAGE in
    overlay* | btrfs | zfs | fuse-overlayfs | stargz) note ok store "$found" ;;
    *) note warn store "$found" "$(text check_store_needed)" "$(text check_store_do)" ;;
    esac
}

# check_users: whose users the containers' are. Which files uid 1000 may read follows from it.
check_users() {
    [ "$DOCKER_STATE" = there ] || return 0
    options=$(printf '%s\n' "$facts" | sed -n 's/^\.SecurityOptions\.[0-9]*=//p')
    case $options,$(fact .host.security.rootless),$(fact .Rootless) in
    *name=rootless* | *,true,* | *,true)
        note warn users "$(text check_users_rootless)" "$(text check_users_needed)" "$(text check_users_rootless_do)"
        ;;
    *name=userns*)
        note warn users "$(text check_users_mapped)" "$(text check_users_needed)" "$(text check_users_mapped_do)"
        ;;
    *) note ok users "$(text check_users_plain)" ;;
    esac
}

# check_cgroup: do the limits on memory and processes hold?
check_cgroup() {
    [ "$DOCKER_STATE" = there ] || return 0
    version=$(fact .CgroupVersion)
    : "${version:=$(fact .host.cgroupVersion)}"
    version=${version#v} # podman's
    case $(fact .MemoryLimit),$(fact .PidsLimit) in
    *false*)
        note warn cgroup "$(text check_cgroup_off "${version:-1}")" "$(text check_cgroup_needed)" \
            "$(text check_cgroup_do)"
        ;;
    *) note ok cgroup "$(text check_cgroup_found "${version:-1}")" ;;
    esac
}

# check_proxies: what Docker's client would put into every container (config.json, proxies). The
# bundle's containers are given proxies of their own, which win.
check_proxies() {
    file=${DOCKER_CONFIG:-${HOME-}/.docker}/config.json
    proxies=
    if [ -r "$file" ]; then
        proxies=$(flatten_json <"$file" | sed -n 's/^\.proxies\..*\.\(http\|https\|ftp\|all\)Proxy=//p' |
            sed 's/:\/\/[^/@]*@/:\/\//' | sort -u)
    elif [ -e "$file" ]; then
        note warn proxies "$(text check_unreadable "$file")"
        return
    fi
    daemon=$(fact .HttpProxy)$(fact .HttpsProxy)
    if [ -n "$proxies" ]; then
        note ok proxies "$(text check_proxies_injected "$(plain "$proxies")" "$file")" '' ''
    elif [ -n "$daemon" ]; then
        note ok proxies "$(text check_proxies_daemon)"
    else
        note ok proxies "$(text check_proxies_none)"
    fi
}

# check_forwarding: what published ports need of the kernel and of Docker's own rules.
check_forwarding() {
    forward=$(line_of /proc/sys/net/ipv4/ip_forward)
    configured=$HOST_ROOT/etc/docker/daemon.json
    rules=
    [ ! -r "$configured" ] || rules=$(flatten_json <"$configured" | sed -n 's/^\.iptables=//p')
    if [ "$rules" = false ]; then
        note warn forwarding "$(text check_iptables_off)" "$(text check_iptables_needed)" "$(text check_iptables_do)"
    elif [ "$DOCKER_STATE" = there ] && [ "$(fact .IPv4Forwarding)" = false ]; then
        note warn forwarding "$(text check_forwarding_off)" "$(text check_forwarding_needed)" "$(text check_forwarding_do)"
    elif [ -z "$forward" ]; then
        note warn forwarding "$(text check_unreadable /proc/sys/net/ipv4/ip_forward)"
    elif [ "$forward" = 1 ] || [ "$DOCKER_STATE" = there ]; then
        note ok forwarding "$(text check_forwarding_on)"
    else
        note ok forwarding "$(text check_forwarding_later)"
    fi
}

# check_ports_free: what the bundle's own containers hold is not in the way.
check_ports_free() {
    ours=
    [ "$DOCKER_STATE" != there ] || ours=$(
        # shellcheck disable=SC2086  # DOCKER may be several words
        limited $DOCKER ps --filter "label=airgap.bundle=$BUNDLE" --format '{{.Ports}}'
    )
    [ -r /proc/net/tcp ] || {
        note warn ports "$(text check_unreadable /proc/net/tcp)"
        return
    }
    problem=$( (find_services) 2>&1) || {
        note_failure ports "$problem"
        return
    }
    find_services
    free='' taken=
    for service in $SERVICES; do
        listen_of "$service"
        [ -n "$port" ] || continue
        if port_taken_by_others "$listen" "$port"; then
            taken="$taken $listen:$port"
            note stop ports "$(text check_port_taken "$listen:$port" "$(name_of "$service")")" '' \
                "$(text check_port_do "$(port_setting "$service")" "$CONF")"
        else
            free="$free $listen:$port"
        fi
    done
    [ -n "$taken" ] || note ok ports "$(text check_ports_found "${free# }")"
}

# check_selinux: where Docker labels containers, they may read only what is labelled for them; those of the
# bundle get no label.
check_selinux() {
    enforcing=$(line_of /sys/fs/selinux/enforce)
    case $enforcing,$(printf '%s\n' "$facts" | sed -n 's/^\.SecurityOptions\.[0-9]*=//p'),$(fact .host.security.selinuxEnabled) in
    1,*name=selinux*,* | 1,*,true) note ok selinux "$(text check_selinux_docker)" ;;
    1,*) note ok selinux "$(text check_selinux_enforcing)" ;;
    0,*) note ok selinux "$(text check_selinux_permissive)" ;;
    *) note ok selinux "$(text check_selinux_off)" ;;
    esac
}
