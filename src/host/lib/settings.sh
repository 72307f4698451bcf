# shellcheck shell=sh disable=SC2034  # shared by the pieces
# The settings: built-in defaults, then bundle.conf, then airgap.conf, then AIRGAP_<KEY> in the
# environment; the later wins. The files are read, never executed: KEY=value lines, # comments,
# 'single' or "double" quotes around a value, nothing expanded.
#
# bundle.conf is written by the build. It may hold any setting but PUBLIC_KEY, and must hold:
#   BUNDLE           the bundle's name: letters, digits, . _ -
#   IMAGE            the image's reference, localhost/airgap/<bundle>:<12 hex>
#   IMAGE_ID         sha256:<hex> of the image's config, its id in Docker's classic image store
#   IMAGE_MANIFEST   sha256:<hex> of the image's manifest, its id in the containerd image store
#   SERVER_STACK     the stack that serves the model: its Python is /opt/<stack>/bin/python
#   LLM EMBEDDING    folders under models/
#   DEVICE           cpu or cuda, for the model server
# and what the bundle serves beside the model:
#   BUILDER_STACK    the stack of AgentFabric's page, and of what it publishes
#   AGENT            folder under agents/ of an agent that the bundle brings
#   AGENT_STACK      the stack of agent_runner, for AGENT and for what is published with it
# and facts, each a number unless said otherwise, where the build knows them:
#   STACK_CUDA, STACK_DRIVER      CUDA's version such as 12.8, and the oldest major version of the driver
#   STACK_CAPABILITIES            the compute capabilities that the wheels were built for: 8.0 8.6 …
#   MODEL_WEIGHTS, MODEL_KV_PER_TOKEN    bytes, the latter of context in all layers, at 2 an element
#   MODEL_MAX_LEN                 tokens of context that the model was made for
#   MODEL_HEADS, MODEL_KV_HEADS, MODEL_ARCHITECTURE (a name)
#   IMAGE_SIZE, BUNDLE_SIZE       bytes
#   REPLACED_MODELS               those that are not what their names say, in a bundle made to be tried
# airgap.conf is the operator's; airgap.conf.example lists every setting with its meaning.

NEEDED_KEYS='BUNDLE IMAGE IMAGE_ID IMAGE_MANIFEST SERVER_STACK LLM EMBEDDING DEVICE'
BUNDLE_KEYS="$NEEDED_KEYS BUILDER_STACK AGENT AGENT_STACK STACK_CUDA STACK_DRIVER STACK_CAPABILITIES"
BUNDLE_KEYS="$BUNDLE_KEYS MODEL_WEIGHTS MODEL_KV_PER_TOKEN MODEL_MAX_LEN MODEL_HEADS MODEL_KV_HEADS"
BUNDLE_KEYS="$BUNDLE_KEYS MODEL_ARCHITECTURE REPLACED_MODELS IMAGE_SIZE BUNDLE_SIZE"
SETTING_KEYS='SERVER_LISTEN SERVER_PORT SERVER_KEY_FILE BUILDER_LISTEN BUILDER_PORT AGENT_LISTEN AGENT_PORT'
SETTING_KEYS="$SETTING_KEYS TLS_CERT TLS_KEY LOGIN ALLOW LLM_URL LLM_MODEL LLM_KEY_FILE LLM_DIR EMBEDDING_DIR"
SETTING_KEYS="$SETTING_KEYS STATE_DIR CODE_INTERPRETER_DIR DOCKER PUBLIC_KEY"
SETTING_KEYS="$SETTING_KEYS LLM_NAME LLM_ALIASES MAX_MODEL_LEN KV_CACHE_MEMORY GENERATION_CONFIG DTYPE"
SETTING_KEYS="$SETTING_KEYS GPU_MEMORY_UTILIZATION TENSOR_PARALLEL SERVER_ARGS SERVER_MEMORY SERVER_SHM"
SETTING_KEYS="$SETTING_KEYS BUILDER_MEMORY AGENT_MEMORY START_TIMEOUT"

BLANK=$(printf ' \t')
RETURN=$(printf '\r')
MARK=$(printf '\357\273\277') # what some editors put before the first line

# load_settings: sets a variable for every key, or fails naming the file, the line and the remedy.
load_settings() {
    for key in $BUNDLE_KEYS $SETTING_KEYS; do
        eval "$key="
    done
    SERVER_LISTEN=127.0.0.1 SERVER_PORT=8000
    BUILDER_LISTEN=127.0.0.1 BUILDER_PORT=7860 BUILDER_MEMORY=4g LOGIN=on
    AGENT_LISTEN=127.0.0.1 AGENT_PORT=7865 AGENT_MEMORY=4g
    START_TIMEOUT=900 DOCKER=docker

    [ -r "$HERE/bundle.conf" ] || fail e_not_a_bundle "$HERE"
    read_settings "$HERE/bundle.conf" "$BUNDLE_KEYS $SETTING_KEYS"
    for key in $NEEDED_KEYS ${AGENT:+AGENT_STACK}; do
        eval "value=\$$key"
        [ -n "$value" ] || fail e_bundle_key "$HERE/bundle.conf" "$key"
    done
    PUBLIC_KEY= # a bundle that named its own would prove nothing

    read_operator_settings

    if [ "$DEVICE" = cuda ]; then
        # Each GPU has a process of its own, and they exchange what they compute by shared memory.
        : "${SERVER_MEMORY:=32g}" "${SERVER_SHM:=10g}" "${DTYPE:=half}" "${GPU_MEMORY_UTILIZATION:=0.95}"
    fi
    : "${SERVER_MEMORY:=8g}" "${SERVER_SHM:=2g}" "${TENSOR_PARALLEL:=auto}"
    : "${LLM_NAME:=$LLM}" "${STATE_DIR:=$(dirname -- "$HERE")/$BUNDLE-state}"
    for key in STATE_DIR SERVER_KEY_FILE LLM_KEY_FILE TLS_CERT TLS_KEY LLM_DIR EMBEDDING_DIR \
        CODE_INTERPRETER_DIR; do
        eval "value=\$$key"
        [ -z "$value" ] || eval "$key=\$(from_bundle \"\$value\")"
    done
    resolve_state
    check_settings
    # The models that are served, and where containers see them.
    LLM_AT=/models/${LLM_DIR:+llm} EMBEDDING_AT=/models/${EMBEDDING_DIR:+embedding}
    [ -n "$LLM_DIR" ] || LLM_AT=/models/$LLM LLM_DIR=$HERE/models/$LLM
    [ -n "$EMBEDDING_DIR" ] || EMBEDDING_AT=/models/$EMBEDDING EMBEDDING_DIR=$HERE/models/$EMBEDDING
    # The model as agents ask for it.
    ASKED_MODEL=$LLM_NAME KEY_FILE=$SERVER_KEY_FILE
    [ -z "$LLM_URL" ] || ASKED_MODEL=$LLM_MODEL KEY_FILE=$LLM_KEY_FILE
}

# load_verify_settings: those that `verify` needs, for a bundle whose own settings may be damaged.
load_verify_settings() {
    PUBLIC_KEY='' DOCKER=docker
    read_operator_settings
}

# read_operator_settings: airgap.conf, which CONF names from then on, and AIRGAP_* variables.
read_operator_settings() {
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
}

# from_bundle PATH: a relative path means relative to the bundle, not to wherever the caller stands.
from_bundle() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$HERE/$1" ;;
    esac
}

# resolve_state: STATE_DIR without links, which stands beside what `restore` makes. Where folders before its
# name are not there yet it stays as it is.
resolve_state() {
    ! resolved=$(readlink -f -- "$STATE_DIR" 2>/dev/null) || [ -z "$resolved" ] || STATE_DIR=$resolved
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
