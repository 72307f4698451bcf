# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The ports of this host by which the services are reached.

# check_ports SERVICE…: fails naming the first port that something other than this bundle listens on.
check_ports() {
    ours=$(our_ports)
    for service in "$@"; do
        listen_of "$service"
        ! port_taken_by_others "$listen" "$port" || fail_port "$service"
    done
}

# check_ports_differ: fails naming two services with one port.
check_ports_differ() {
    seen=
    for service in $SERVICES; do
        listen_of "$service"
        [ -n "$port" ] || continue
        for other in $seen; do
            [ "${other%%=*}" != "$port" ] || fail_same_port "${other#*=}" "$service"
        done
        seen="$seen $port=$service"
    done
}

# listen_of SERVICE: sets listen and port; nothing where no port of this host leads to it.
listen_of() {
    case $1 in
    server)
        listen=$SERVER_LISTEN port=$SERVER_PORT
        [ "$SCHEME" = http ] || listen='' port=''
        ;;
    tls) listen=$SERVER_LISTEN port=$SERVER_PORT ;;
    agentfabric) listen=$BUILDER_LISTEN port=$BUILDER_PORT ;;
    agent) listen=$AGENT_LISTEN port=$AGENT_PORT ;;
    allow) listen='' port='' ;;
    agent-*)
        read_published "${1#agent-}"
        listen=$AGENT_LISTEN port=$PUBLISHED_PORT
        ;;
    esac
}

# port_setting SERVICE: what changes the service's port.
port_setting() {
    case $1 in
    server | tls) echo SERVER_PORT ;;
    agentfabric) echo BUILDER_PORT ;;
    agent) echo AGENT_PORT ;;
    agent-*) echo "$PROGRAM publish ${1#agent-} --port" ;;
    esac
}

# our_ports: what Docker listens on for this bundle.
our_ports() {
    docker_ ps --filter "label=airgap.bundle=$BUNDLE" --format '{{.Ports}}'
}

# port_taken_by_others ADDRESS PORT: not by this bundle's containers, whose ports are in ours.
port_taken_by_others() {
    case $ours in
    *":$2->"*) return 1 ;;
    esac
    [ -n "$2" ] && port_taken "$1" "$2"
}

# free_port: sets port to the first from AGENT_PORT on that no service has and nothing listens on.
free_port() {
    taken=' '
    for service in $SERVICES; do
        listen_of "$service"
        taken="$taken$port "
    done
    ours=
    port=$AGENT_PORT
    while case $taken in *" $port "*) true ;; *) port_taken "$AGENT_LISTEN" "$port" ;; esac; do
        port=$((port + 1))
    done
}

# port_taken ADDRESS PORT: does anything listen there? /proc/net/tcp has addresses in hexadecimal,
# bytes reversed, and state 0A for listening (proc(5)).
port_taken() {
    bytes=$(echo "$1" | awk -F. '{ printf "%02X%02X%02X%02X", $4, $3, $2, $1 }')
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v wanted="$bytes" -v port="$(printf '%04X' "$2")" '
        $4 == "0A" {
            split($2, local, ":")
            if (local[2] != port) next
            last = substr(local[1], length(local[1]) - 7)
            if (wanted == "00000000" || local[1] ~ /^0+$/ || last == wanted) taken = 1
        }
        END { exit !taken }'
}

# fail_port SERVICE: says which port, who has it where Docker knows, and what to change.
fail_port() {
    listen_of "$1"
    holder=$(docker_ ps --filter "publish=$port" --format '{{.Names}}' | head -n 1)
    holder=${holder:+ (container $holder)}
    case $1 in
    agent-*) fail e_port_published "$(name_of "$1")" "$port" "$listen" "$holder" "$(port_setting "$1")" ;;
    *) fail e_port "$(name_of "$1")" "$port" "$listen" "$holder" "$(port_setting "$1")" "$CONF" "$PROGRAM" ;;
    esac
}

# fail_same_port SERVICE SERVICE
fail_same_port() {
    case $2 in
    agent-*) fail e_same_port_published "$(name_of "$1")" "$(name_of "$2")" "$port" "$(port_setting "$2")" ;;
    *) fail e_same_port "$(port_setting "$1")" "$(port_setting "$2")" "$port" "$CONF" ;;
    esac
}
