# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# https with the operator's certificate (TLS_CERT, TLS_KEY): the pages speak it themselves, and before
# the model server stands the service `tls`.

SCHEME=http # of what is published
TLS_AT=/run/airgap/tls

# check_tls_settings: both or none, and files that are there. Sets SCHEME.
check_tls_settings() {
    SCHEME=http
    case $TLS_CERT,$TLS_KEY in
    ,) return ;;
    ,*) fail e_tls_half TLS_KEY TLS_CERT "$CONF" ;;
    *,) fail e_tls_half TLS_CERT TLS_KEY "$CONF" ;;
    esac
    for key in TLS_CERT TLS_KEY; do
        eval "value=\$$key"
        [ -s "$value" ] || fail e_tls_missing "$key" "$value" "$CONF"
    done
    SCHEME=https
}

# prepare_tls: can pages be served with that certificate? Asked of the Python that will serve them.
# Sets TLS_NAMES and TLS_UNTIL.
prepare_tls() {
    [ "$SCHEME" = https ] || return 0
    answer=$(in_image --mount "$(mount_of "$TLS_CERT" "$TLS_AT/certificate" readonly)" \
        --mount "$(mount_of "$TLS_KEY" "$TLS_AT/key" readonly)" --entrypoint /usr/bin/python3.11 "$IMAGE" \
        -c "$(cat "$HERE/lib/certificate.py")" "$TLS_AT/certificate" "$TLS_AT/key" 2>&1) ||
        fail e_tls_other "$TLS_CERT" "$(last_line "$answer")"
    found=$(printf '%s\n' "$answer" | sed -n 1p)
    said=$(printf '%s\n' "$answer" | sed -n 2p)
    case $found in
    ok)
        TLS_NAMES=$said
        TLS_UNTIL=$(printf '%s\n' "$answer" | sed -n 3p)
        ;;
    file)
        eval "value=\$$said"
        fail e_tls_unreadable "$value"
        ;;
    certificate) fail e_tls_certificate "$TLS_CERT" "$said" ;;
    locked) fail e_tls_locked "$TLS_KEY" ;;
    key) fail e_tls_key "$TLS_KEY" "$said" ;;
    pair) fail e_tls_pair "$TLS_CERT" "$TLS_KEY" ;;
    dates) fail e_tls_dates "$TLS_CERT" "$said" "$(date '+%Y-%m-%d')" ;;
    *) fail e_tls_other "$TLS_CERT" "${said:-$found}" ;;
    esac
}

# with_tls COMMAND ARGUMENT… OPTION…: runs COMMAND with the certificate added, if there is one. Other
# files under the same names, as after a renewal, make another container necessary.
with_tls() {
    [ "$SCHEME" = http ] || set -- "$@" --env "TLS_CERT=$TLS_AT/certificate" --env "TLS_KEY=$TLS_AT/key" \
        --mount "$(mount_of "$TLS_CERT" "$TLS_AT/certificate" readonly)" \
        --mount "$(mount_of "$TLS_KEY" "$TLS_AT/key" readonly)" \
        --label "airgap.tls=$(stat -L -c '%i-%s-%Y' "$TLS_CERT" "$TLS_KEY" | tr '\n' ' ')"
    "$@"
}

# describe_tls ACTION
describe_tls() {
    with_tls with_common "$1" tls 512m --publish "$SERVER_LISTEN:$SERVER_PORT:8443" \
        --env PORT=8443 --env SERVER=server:8000 --env PYTHONUTF8=1
}

say_tls() {
    [ "$SCHEME" = http ] || say address_tls "$TLS_NAMES" "$TLS_UNTIL"
}
