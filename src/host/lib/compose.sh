# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The containers of services.sh as a file for docker compose, by the Compose Specification. They have
# the names and labels of those of `up`, so that status, logs, chat, smoke and down find them too.
# There are two such files: the bundle's own, made by the build, in which compose fills in the settings
# below; and what `compose` prints, which has the settings, agents and GPUs of one host.

# Settings that compose fills in. Those that add or take away more than a value are not among them.
FILLED_IN='SERVER_PORT BUILDER_LISTEN BUILDER_PORT AGENT_LISTEN AGENT_PORT STATE_DIR LLM_DIR EMBEDDING_DIR'
FILLED_IN="$FILLED_IN LLM_NAME LLM_ALIASES MAX_MODEL_LEN KV_CACHE_MEMORY GENERATION_CONFIG DTYPE"
FILLED_IN="$FILLED_IN GPU_MEMORY_UTILIZATION TENSOR_PARALLEL SERVER_ARGS SERVER_MEMORY SERVER_SHM"
FILLED_IN="$FILLED_IN BUILDER_MEMORY AGENT_MEMORY"
FILL=$(printf '\001')    # begins and
FILLED=$(printf '\002')  # ends what compose fills in, until yaml_text has written the rest
OF_BUNDLE=               # set while the bundle's own file is written

# write_bundles_compose: called by the build, in a folder that has of the bundle only the program and its
# bundle.conf. The paths are relative to the file.
write_bundles_compose() {
    need_scratch
    for key in STATE_DIR LLM_DIR EMBEDDING_DIR; do
        eval "value=\$$key"
        case $value in
        "$HERE"/*) value=.${value#"$HERE"} ;;
        "${HERE%/*}"/*) value=..${value#"${HERE%/*}"} ;;
        esac
        eval "$key=\$value"
    done
    OF_BUNDLE=1 HERE=. BUNDLE_DIGEST=
    [ "$TENSOR_PARALLEL" != auto ] || TENSOR_PARALLEL=1
    for key in $FILLED_IN; do
        eval "value=\$$key"
        case $value in
        *[\}\$]*) ;; # Docker Compose 1.29 takes no such default; it stands there as it is
        *) eval "$key=\$FILL\$key:-\$value\$FILLED" ;;
        esac
    done
    ASKED_MODEL=$LLM_NAME
    # What a host is asked for otherwise. Where Docker gives no labels of SELinux, it takes none away either.
    UNLABELLED='--security-opt label=disable'
    GPU_ACCESS=toolkit GPU_OPTIONS='--gpus all' GPU_NODES=
    # shellcheck disable=SC2317  # services.sh asks by it for files of a host
    stat() { echo -; }
    find_services
    cat <<END
# Serves this bundle with docker compose, for those who prefer that to ./airgap up. In this folder:
#   ./airgap load                                      the image, the state folder, and who may log in
#   docker compose --env-file airgap.conf up -d        or docker-compose; without airgap.conf: docker compose up -d
# What stands here as \${NAME:-value} is taken from airgap.conf, or from the environment, which wins; relative paths
# begin with ./ or ../. Everything else in airgap.conf has no effect here: for https, a server that others may ask,
# ALLOW, LLM_URL, LOGIN, published agents, or GPUs without the NVIDIA container toolkit use what ./airgap compose prints.
#
# 供愿意用 docker compose 代替 ./airgap up 的人使用。在本目录中：
#   ./airgap load                                      装入镜像，准备状态目录和账号
#   docker compose --env-file airgap.conf up -d        或 docker-compose；没有 airgap.conf 时：docker compose up -d
# 写作 \${名称:-值} 的内容取自 airgap.conf 或环境变量（后者优先）；相对路径须以 ./ 或 ../ 开头。airgap.conf 中的其他设置在此无效：
# 需要 https、对外开放模型服务、ALLOW、LLM_URL、LOGIN、已发布的智能体，或 GPU 主机没有 NVIDIA 容器工具包时，请使用 ./airgap compose 的输出。
END
    print_services
}

# refuse_composed CONTAINER…: fails where docker compose made one of them. It would not know of another in
# its place, and make its own again.
refuse_composed() {
    for name in "$@"; do
        project=$(docker_ inspect --format '{{index .Config.Labels "com.docker.compose.project"}}' "$name" 2>/dev/null)
        [ -z "$project" ] || fail e_composed "$name" "$project" "$PROGRAM" "$PROGRAM"
    done
}

# prepare_for_compose: what `up` does before it starts anything, and compose does not.
prepare_for_compose() {
    make_state_folder
    prepare_state
    prepare_passwords
    say_login
}

# print_compose: on stdout the file and nothing else.
print_compose() {
    need_scratch
    {
        check_bundle_parts
        require_gpus
        make_state_folder
        find_services
        prepare_state
        prepare_passwords
        prepare_tls
        say_login
        say compose_about "$PROGRAM"
    } >&2
    print_services
}

# print_services: the file; nothing of it where something is wrong.
print_services() {
    {
        echo 'services:'
        for service in $SERVICES; do
            describe "$service" print_service
        done
        echo 'networks:'
        describe_networks print_network
    } >"$SCRATCH/compose.yaml"
    cat "$SCRATCH/compose.yaml"
}

# print_service SERVICE DIGEST ARGUMENT…: docker's arguments, as `docker create` takes them.
print_service() {
    service=$1
    shift 2
    printf '  %s:\n' "$service"
    print_pair container_name "$(container_of "$service")"
    print_pair restart unless-stopped
    environment='' volumes='' ports='' logging='' networks='' aliases='' devices=''
    labels=
    [ -n "$OF_BUNDLE" ] || labels=$(yaml_item "airgap.digest=$BUNDLE_DIGEST")$(yaml_item "airgap.folder=$HERE")$(yaml_item "airgap.state=$STATE_DIR")
    tmpfs='' cap_drop='' security_opt='' dns='' dns_search='' dns_opt='' sysctls='' group_add='' gpus=''
    while [ "$1" != --entrypoint ]; do
        case $1 in
        --env) environment="$environment$(yaml_item "$2")" ;;
        --mount) volumes="$volumes$(yaml_volume "$2")" ;;
        --publish) ports="$ports$(yaml_item "$2")" ;;
        --label) labels="$labels$(yaml_item "$2")" ;;
        --log-opt) logging="$logging$(printf '\n        %s: "%s"' "${2%%=*}" "$(yaml_text "${2#*=}")")" ;;
        --network) networks="$networks $2" ;;
        --network-alias) aliases="$aliases$(printf '\n          - "%s"' "$2")" ;;
        --device) devices="$devices$(yaml_item "$2")" ;;
        --tmpfs) tmpfs="$tmpfs$(yaml_item "$2")" ;;
        --cap-drop) cap_drop="$cap_drop$(yaml_item "$2")" ;;
        --security-opt) security_opt="$security_opt$(yaml_item "$2")" ;;
        --dns) dns="$dns$(yaml_item "$2")" ;;
        --dns-search) dns_search="$dns_search$(yaml_item "$2")" ;;
        --dns-option) dns_opt="$dns_opt$(yaml_item "$2")" ;;
        --sysctl) sysctls="$sysctls$(yaml_item "$2")" ;;
        --group-add) group_add="$group_add$(yaml_item "$2")" ;;
        --gpus) gpus=$2 ;;
        --log-driver) driver=$2 ;;
        --user) print_pair user "$2" ;;
        --memory) print_pair mem_limit "$2" ;;
        --shm-size) print_pair shm_size "$2" ;;
        --runtime) print_pair runtime "$2" ;;
        --pids-limit) printf '    pids_limit: %s\n' "$2" ;;
        --read-only | --init)
            option=${1#--}
            printf '    %s: true\n' "$(echo "$option" | tr - _)"
            shift
            continue
            ;;
        *) fail e_compose_option "$service" "$1" ;;
        esac
        shift 2
    done
    print_pair image "$3"
    printf '    entrypoint: ["%s"]\n' "$(yaml_text "$2")"
    shift 3
    words=
    for word in "$@"; do
        words="$words$(yaml_item "$word")"
    done
    for list in environment volumes ports labels devices tmpfs cap_drop security_opt dns dns_search dns_opt \
        sysctls group_add; do
        eval "items=\$$list"
        [ -z "$items" ] || printf '    %s:%s\n' "$list" "$items"
    done
    printf '    command:%s\n' "$words"
    printf '    logging:\n      driver: %s\n      options:%s\n' "$driver" "$logging"
    [ -z "$gpus" ] || printf '    deploy: {resources: {reservations: {devices: [%s]}}}\n' \
        "{driver: nvidia, count: $gpus, capabilities: [gpu]}"
    echo '    networks:'
    for network in $networks; do
        printf '      %s:\n        aliases:%s\n' "$network" "$aliases"
    done
    [ "$service" != allow ] || printf '      %s: {}\n' "$(network_outside)"
}

# print_network NAME OPTION…: docker's options, as `docker network create` takes them.
print_network() {
    printf '  %s:\n    name: %s\n    driver: bridge\n    labels: ["airgap.bundle=%s"]\n' "$1" "$1" "$BUNDLE"
    shift
    [ "$#" -eq 0 ] || echo '    driver_opts:'
    while [ "$#" -gt 0 ]; do
        [ "$1" = --opt ] || fail e_compose_option "$BUNDLE" "$1"
        printf '      %s: "%s"\n' "${2%%=*}" "$(yaml_text "${2#*=}")"
        shift 2
    done
}

# print_pair KEY VALUE
print_pair() {
    printf '    %s: "%s"\n' "$1" "$(yaml_text "$2")"
}

# yaml_item VALUE: a line of a list, with the line break before it.
yaml_item() {
    printf '\n      - "%s"' "$(yaml_text "$1")"
}

# yaml_volume MOUNT: what mount_of wrote.
yaml_volume() {
    source=${1#type=bind,\"source=}
    source=$(printf '%s\n' "${source%\",target=*}" | sed 's/""/"/g')
    target=${1##*\",target=}
    printf '\n      - type: bind\n        source: "%s"\n        target: "%s"' "$(yaml_text "$source")" "${target%,readonly}"
    [ "$target" = "${target%,readonly}" ] || printf '\n        read_only: true'
}

# yaml_text VALUE: within the double quotes of YAML, and with no variables for compose to fill in but FILLED_IN.
yaml_text() {
    printf '%s\n' "$1" |
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/\$/$$/g' -e "s/$FILL/\${/g" -e "s/$FILLED/}/g" |
        awk '{ printf "%s%s", (NR > 1 ? "\\n" : ""), $0 }'
}
