# shellcheck shell=sh
# The settings: built-in defaults, then bundle.conf, then airgap.conf, then AIRGAP_<KEY> in the
# environment; the later wins. The files are read, never executed: KEY=value lines, # comments,
# 'single' or "double" quotes around a value, nothing expanded.
#
# bundle.conf is written by the build. It may hold any setting, and must hold:
#   BUNDLE           the bundle's name: letters, digits, . _ -
#   IMAGE            the image's reference, localhost/airgap/<bundle>:<12 hex>
#   IMAGE_ID         sha256:<hex> of the image's config, its id in Docker's classic image store
#   IMAGE_MANIFEST   sha256:<hex> of the image's manifest, its id in the containerd image store
#   SERVER_STACK     the stack that serves the model: its Python is /opt/<stack>/bin/python
#   AGENT_STACK      the stack that serves the agent
#   LLM EMBEDDING    folders under models/
#   AGENT            folder under agents/
#   DEVICE           cpu or cuda, for the model server
# airgap.conf is the operator's; airgap.conf.example lists every setting with its meaning.

BUNDLE_KEYS='BUNDLE IMAGE IMAGE_ID IMAGE_MANIFEST SERVER_STACK AGENT_STACK LLM EMBEDDING AGENT DEVICE'
SETTING_KEYS='SERVER_LISTEN SERVER_PORT SERVER_KEY_FILE AGENT_LISTEN AGENT_PORT STATE_DIR DOCKER'
SETTING_KEYS="$SETTING_KEYS LLM_NAME LLM_ALIASES MAX_MODEL_LEN KV_CACHE_MEMORY GENERATION_CONFIG DTYPE"
SETTING_KEYS="$SETTING_KEYS GPU_MEMORY_UTILIZATION SERVER_ARGS SERVER_MEMORY SERVER_SHM AGENT_MEMORY"
SETTING_KEYS="$SETTING_KEYS START_TIMEOUT"

BLANK=$(printf ' \t')
RETURN=$(printf '\r')
MARK=$(printf '\357\273\277') # what some editors put before the first line

# load_settings: sets a variable for every key, or fails naming the file, the line and the remedy.
load_settings() {
    for key in $BUNDLE_KEYS $SETTING_KEYS; do
        eval "$key="
    done
    SERVER_LISTEN=127.0.0.1 SERVER_PORT=8000 AGENT_LISTEN=127.0.0.1 AGENT_PORT=7865
    SERVER_MEMORY=8g SERVER_SHM=2g AGENT_MEMORY=4g START_TIMEOUT=900 DOCKER=docker

    [ -r "$HERE/bundle.conf" ] || fail e_not_a_bundle "$HERE"
    read_settings "$HERE/bundle.conf" "$BUNDLE_KEYS $SETTING_KEYS"
    for key in $BUNDLE_KEYS; do
        eval "value=\$$key"
        [ -n "$value" ] || fail e_bundle_key "$HERE/bundle.conf" "$key"
    done

    CONF=${AIRGAP_CONF:-$HERE/airgap.conf}
    if [ -e "$CONF" ]; then
        [ -r "$CONF" ] || fail e_conf_unreadable "$CONF"
        read_settings "$CONF" "$SETTING_KEYS"
    elif [ -n "${AIRGAP_CONF-}" ]; then
        fail e_conf_missing "$CONF"
    fi
    for key in $SETTING_KEYS; do
        eval "[ -z \"\${AIRGAP_$key+set}\" ] || $key=\$AIRGAP_$key"
    done

    : "${LLM_NAME:=$LLM}" "${STATE_DIR:=$(dirname -- "$HERE")/$BUNDLE-state}"
    STATE_DIR=$(from_bundle "$STATE_DIR")
    [ -z "$SERVER_KEY_FILE" ] || SERVER_KEY_FILE=$(from_bundle "$SERVER_KEY_FILE")
    check_settings
}

# from_bundle PATH: a relative path means relative to the bundle, not to wherever the caller stands.
from_bundle() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$HERE/$1" ;;
    esac
}

# read_settings FILE KNOWN: assigns FILE's values to the variables named by its keys, all of them in KNOWN.
# shellcheck disable=SC2094  # failing prints the file's name and writes nothing to it
read_settings() {
    file=$1 known=$2 number=0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        [ "$number" -ne 1 ] || line=${line#"$MARK"}
        line=${line%"$RETURN"}
        line=${line#"${line%%[!"$BLANK"]*}"}
        case $line in
        '' | '#'*) continue ;;
        *=*) ;;
        *) fail e_conf_line "$file" "$number" "$line" ;;
        esac
        key=${line%%=*}
        case $key in
        '' | *[!A-Z_]*) fail e_conf_line "$file" "$number" "$line" ;;
        esac
        case " $known " in
        *" $key "*) ;;
        *) fail e_conf_key "$file" "$number" "$key" "$known" ;;
        esac
        unquote "${line#*=}" || fail e_conf_quote "$file" "$number" "$line"
        eval "$key=\$unquoted"
    done <"$file"
}

# unquote TEXT: sets unquoted to the value that TEXT, all after the =, stands for.
unquote() {
    case $1 in
    \'*) quote=\' ;;
    \"*) quote=\" ;;
    *)
        unquoted=${1%%["$BLANK"]#*}
        unquoted=${unquoted%"${unquoted##*[!"$BLANK"]}"}
        return 0
        ;;
    esac
    rest=${1#?}
    case $rest in
    *"$quote"*) ;;
    *) return 1 ;;
    esac
    unquoted=${rest%%"$quote"*}
    rest=${rest#*"$quote"}
    rest=${rest#"${rest%%[!"$BLANK"]*}"}
    case $rest in
    '' | '#'*) return 0 ;;
    *) return 1 ;;
    esac
}

check_settings() {
    case $BUNDLE in
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) fail e_bundle_key "$HERE/bundle.conf" BUNDLE ;;
    esac
    check_form SERVER_PORT "$SERVER_PORT" port
    check_form AGENT_PORT "$AGENT_PORT" port
    check_form SERVER_LISTEN "$SERVER_LISTEN" address
    check_form AGENT_LISTEN "$AGENT_LISTEN" address
    check_form SERVER_MEMORY "$SERVER_MEMORY" size
    check_form SERVER_SHM "$SERVER_SHM" size
    check_form AGENT_MEMORY "$AGENT_MEMORY" size
    check_form START_TIMEOUT "$START_TIMEOUT" number
    [ -z "$MAX_MODEL_LEN" ] || check_form MAX_MODEL_LEN "$MAX_MODEL_LEN" number
    [ -z "$KV_CACHE_MEMORY" ] || check_form KV_CACHE_MEMORY "$KV_CACHE_MEMORY" size
    [ -n "$DOCKER" ] || fail e_setting DOCKER "$DOCKER" "$(text form_command)" "$CONF"
    [ "$SERVER_PORT" != "$AGENT_PORT" ] || fail e_same_port "$SERVER_PORT" "$CONF"

    case $SERVER_LISTEN,$SERVER_KEY_FILE in
    127.*) ;;
    *,) fail e_key_needed "$SERVER_LISTEN" "$CONF" ;;
    esac
    [ -z "$SERVER_KEY_FILE" ] || [ -s "$SERVER_KEY_FILE" ] || fail e_key_missing "$SERVER_KEY_FILE" "$CONF"
}

# check_form KEY VALUE FORM: fails unless VALUE looks like a FORM.
check_form() {
    case $3 in
    port) awk -v v="$2" 'BEGIN { exit !(v ~ /^[1-9][0-9]*$/ && v + 0 < 65536) }' ;;
    number) awk -v v="$2" 'BEGIN { exit !(v ~ /^[1-9][0-9]*$/) }' ;;
    size) awk -v v="$2" 'BEGIN { exit !(v ~ /^[1-9][0-9]*[kKmMgG]?$/) }' ;;
    address) awk -v v="$2" 'BEGIN {
        n = split(v, part, ".")
        for (i = 1; i <= n; i++) if (part[i] !~ /^(0|[1-9][0-9]*)$/ || part[i] > 255) exit 1
        exit n != 4
    }' ;;
    esac || fail e_setting "$1" "$2" "$(text "form_$3")" "$CONF"
}
