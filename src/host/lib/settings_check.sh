# shellcheck shell=sh disable=SC2154  # shared by the pieces
# What settings must look like, each and together.

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
