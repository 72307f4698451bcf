# shellcheck shell=sh
# The ports of this host by which the services are reached.

# check_ports: fails naming the first port that something other than this bundle listens on.
check_ports() {
    ours=$(docker_ ps --filter "label=airgap.bundle=$BUNDLE" --format '{{.Ports}}')
    for service in $SERVICES; do
        listen_of "$service"
        case $ours in
        *":$port->"*) continue ;;
        esac
        if port_taken "$listen" "$port"; then
            fail_port "$service"
        fi
    done
}

# listen_of SERVICE: sets listen and port.
listen_of() {
    case $1 in
    server) listen=$SERVER_LISTEN port=$SERVER_PORT ;;
    agent) listen=$AGENT_LISTEN port=$AGENT_PORT ;;
    esac
}

# port_taken ADDRESS PORT: does anything listen there? /proc/net/tcp has addresses in hexadecimal,
# bytes reversed, and state 0A for listening (proc(5)).
port_taken() {
    wanted=$(echo "$1" | awk -F. '{ printf "%02X%02X%02X%02X", $4, $3, $2, $1 }')
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v wanted="$wanted" -v port="$(printf '%04X' "$2")" '
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
    fail e_port "$(text "word_$1")" "$port" "$listen" "${holder:+ (container $holder)}" \
        "$(echo "$1" | tr '[:lower:]' '[:upper:]')_PORT" "$CONF" "$PROGRAM"
}
