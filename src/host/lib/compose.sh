# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The containers of services.sh as a file for docker compose, by the Compose Specification. They have
# the names and labels of those of `up`, so that status, logs, chat, smoke and down find them too.

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
    labels=$(yaml_item "airgap.digest=$BUNDLE_DIGEST")$(yaml_item "airgap.folder=$HERE")$(yaml_item "airgap.state=$STATE_DIR")
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

# yaml_text VALUE: within the double quotes of YAML, and with no variables for compose to fill in.
yaml_text() {
    printf '%s\n' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/\$/$$/g' |
        awk '{ printf "%s%s", (NR > 1 ? "\\n" : ""), $0 }'
}
