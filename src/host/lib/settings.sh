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

check_settings() {
    case $BUNDLE in
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) fail e_bundle_key "$HERE/bundle.conf" BUNDLE ;;
    esac
    for key in SERVER BUILDER AGENT; do
        eval "check_form ${key}_PORT \"\$${key}_PORT\" port"
        eval "check_form ${key}_LISTEN \"\$${key}_LISTEN\" address"
        eval "check_form ${key}_MEMORY \"\$${key}_MEMORY\" size"
    done
    check_form SERVER_SHM "$SERVER_SHM" size
    check_form START_TIMEOUT "$START_TIMEOUT" number
    check_form LOGIN "$LOGIN" switch
    [ -z "$MAX_MODEL_LEN" ] || check_form MAX_MODEL_LEN "$MAX_MODEL_LEN" number
    [ -z "$KV_CACHE_MEMORY" ] || check_form KV_CACHE_MEMORY "$KV_CACHE_MEMORY" size
    [ -z "$DTYPE" ] || check_form DTYPE "$DTYPE" dtype
    [ -z "$GPU_MEMORY_UTILIZATION" ] || check_form GPU_MEMORY_UTILIZATION "$GPU_MEMORY_UTILIZATION" share
    check_form TENSOR_PARALLEL "$TENSOR_PARALLEL" tensor_parallel
    [ -n "$DOCKER" ] || fail e_setting DOCKER "$DOCKER" "$(text form_command)" "$CONF"
    [ -z "$CODE_INTERPRETER_DIR" ] || [ -d "$CODE_INTERPRETER_DIR" ] ||
        fail e_setting CODE_INTERPRETER_DIR "$CODE_INTERPRETER_DIR" "$(text form_folder)" "$CONF"
    [ -z "$LLM_DIR" ] || check_model LLM_DIR "$LLM_DIR" config.json
    [ -z "$EMBEDDING_DIR" ] || check_model EMBEDDING_DIR "$EMBEDDING_DIR" configuration.json
    check_reached
    check_keys
    check_tls_settings
}

# check_reached: what lies outside and may be reached, as ALLOW and LLM_URL name it.
check_reached() {
    for address in $ALLOW; do
        check_form ALLOW "$address" host
        refuse_loopback ALLOW "${address%:*}"
    done
    if [ -z "$LLM_URL" ]; then
        [ -z "$LLM_MODEL$LLM_KEY_FILE" ] || fail e_url_needed "$CONF"
        return
    fi
    check_form LLM_URL "$LLM_URL" url
    server=${LLM_URL#*://}
    server=${server%%/*}
    refuse_loopback LLM_URL "${server%:*}"
    [ -n "$LLM_MODEL" ] || fail e_setting LLM_MODEL "" "$(text form_model "$LLM_URL")" "$CONF"
    case $LLM_URL in
    https:*) [ -n "$(certificates)" ] || fail e_no_certificates "$LLM_URL" ;;
    esac
}

# refuse_loopback KEY HOST: in a container these names mean the container.
refuse_loopback() {
    case $2 in
    localhost | 127.* | 0.0.0.0) fail e_loopback "$1" "$2" "$(uname -n)" "$CONF" ;;
    esac
}

# certificates: the file of those that this host trusts, or nothing.
certificates() {
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
        if [ -r "$file" ]; then
            echo "$file"
            return
        fi
    done
}

check_keys() {
    case $LLM_URL,$SERVER_LISTEN,$SERVER_KEY_FILE in
    ,127.*) ;;
    ,*,) fail e_key_needed "$SERVER_LISTEN" "$CONF" ;;
    esac
    for key in SERVER_KEY_FILE LLM_KEY_FILE; do
        eval "value=\$$key"
        [ -z "$value" ] || [ -s "$value" ] || fail e_key_missing "$key" "$value" "$CONF"
    done
}

# check_model KEY FOLDER FILE: does the folder look like a model? FILE is what its loader reads first.
check_model() {
    if [ -f "$2/$3" ]; then
        for weights in "$2"/*.safetensors "$2"/*.bin; do
            [ ! -f "$weights" ] || return 0
        done
    fi
    fail e_model_folder "$1" "$2" "$3" "$CONF"
}

# check_form KEY VALUE FORM: fails unless VALUE looks like a FORM.
check_form() {
    case $3 in
    port) awk -v v="$2" 'BEGIN { exit !(v ~ /^[1-9][0-9]*$/ && v + 0 < 65536) }' ;;
    switch) [ "$2" = on ] || [ "$2" = off ] ;;
    host) awk -v v="$2" 'BEGIN {
        n = split(v, part, ":")
        exit !(n == 2 && part[1] ~ /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/ &&
            part[2] ~ /^[1-9][0-9]*$/ && part[2] + 0 < 65536)
    }' ;;
    url) awk -v v="$2" 'BEGIN {
        exit v !~ /^https?:\/\/[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9][0-9]*)?(\/[A-Za-z0-9._~\/-]*)?\/v1$/
    }' ;;
    dtype) case $2 in auto | half | float16 | bfloat16 | float | float32) ;; *) false ;; esac ;;
    share) awk -v v="$2" 'BEGIN { exit !(v ~ /^(0|1|)(\.[0-9]+)?$/ && v + 0 > 0 && v + 0 <= 1) }' ;;
    tensor_parallel) awk -v v="$2" 'BEGIN { exit !(v == "auto" || v ~ /^[1-9][0-9]?$/) }' ;;
    number) awk -v v="$2" 'BEGIN { exit !(v ~ /^[1-9][0-9]*$/) }' ;;
    size) awk -v v="$2" 'BEGIN { exit !(v ~ /^[1-9][0-9]*[kKmMgG]?$/) }' ;;
    address) awk -v v="$2" 'BEGIN {
        n = split(v, part, ".")
        for (i = 1; i <= n; i++) if (part[i] !~ /^(0|[1-9][0-9]*)$/ || part[i] > 255) exit 1
        exit n != 4
    }' ;;
    esac || fail e_setting "$1" "$2" "$(text "form_$3")" "$CONF"
}
