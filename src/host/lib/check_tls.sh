# shellcheck shell=sh disable=SC2154  # shared by the pieces
# `airgap check`: the operator's certificate and its key, as far as can be seen without the image. `up`
# looks again, with what will serve the pages (certificate.py).

EXPIRY_WARNING=2592000 # seconds, 30 days

# check_tls: that the files are there was seen with the settings.
check_tls() {
    [ "$SCHEME" = https ] || return 0
    if [ -r "$TLS_CERT" ] && ! grep -q -e '-----BEGIN CERTIFICATE-----' "$TLS_CERT"; then
        note_failure tls "$(text e_tls_certificate "$TLS_CERT" "$(text check_tls_no_pem)")"
        return
    fi
    if [ -r "$TLS_KEY" ] && grep -q -e '^Proc-Type: 4,ENCRYPTED' -e 'BEGIN ENCRYPTED PRIVATE KEY' "$TLS_KEY"; then
        note_failure tls "$(text e_tls_locked "$TLS_KEY")"
        return
    fi
    if [ -r "$TLS_KEY" ] && ! grep -q -e '-----BEGIN .*PRIVATE KEY-----' "$TLS_KEY"; then
        note_failure tls "$(text e_tls_key "$TLS_KEY" "$(text check_tls_no_pem)")"
        return
    fi
    find_pair
    if [ "$PAIR" = other ]; then
        note_failure tls "$(text e_tls_pair "$TLS_CERT" "$TLS_KEY")"
        return
    fi
    find_dates
    today=$(date '+%Y-%m-%d')
    if [ -n "$ENDS" ] && [ "$ENDS" -lt "$NOW" ]; then
        note_failure tls "$(text e_tls_dates "$TLS_CERT" "$(text check_tls_ended "$(day_of "$ENDS")")" "$today")"
        return
    elif [ -n "$ENDS" ] && [ "$BEGINS" -gt "$NOW" ]; then
        note_failure tls "$(text e_tls_dates "$TLS_CERT" "$(text check_tls_begins "$(day_of "$BEGINS")")" "$today")"
        return
    fi
    found="$TLS_CERT, $(text "check_tls_until${ENDS:+_day}" "$(day_of "$ENDS")"), $(text "check_tls_pair_$PAIR")"
    for file in "$TLS_CERT" "$TLS_KEY"; do
        opens_for_containers "$file" && continue
        note_failure tls "$(text e_tls_unreadable "$file")" | sed 's/^stop/warn/'
        return
    done
    if [ -n "$ENDS" ] && [ "$ENDS" -lt "$SOON" ]; then
        note warn tls "$found" "$(text check_tls_needed)" "$(text check_tls_renew "$CONF")"
    else
        note ok tls "$found"
    fi
}

# find_pair: sets PAIR to same or other where openssl is there and tells, else to unknown.
find_pair() {
    PAIR=unknown
    there openssl && [ -r "$TLS_CERT" ] && [ -r "$TLS_KEY" ] || return 0
    public=$(limited openssl x509 -in "$TLS_CERT" -noout -pubkey)
    of_key=$(limited openssl pkey -in "$TLS_KEY" -pubout -passin pass:)
    case $public,$of_key in
    "$of_key,$public") PAIR=same ;;
    *BEGIN*,*BEGIN*) PAIR=other ;;
    esac
    [ -n "$public" ] || PAIR=unknown
}

# find_dates: sets BEGINS and ENDS to when the first certificate holds, as NOW and SOON in digits of a time
# in UTC, or ENDS to nothing. The times are the two in its field validity (RFC 5280, section 4.1), a
# sequence (30) of UTCTime (17) with a year of two digits or GeneralizedTime (18) with one of four.
find_dates() {
    BEGINS='' ENDS=''
    NOW=$(date -u '+%Y%m%d%H%M%S')
    SOON=$(date -u -d "@$(($(date +%s) + EXPIRY_WARNING))" '+%Y%m%d%H%M%S')
    { is_number "$NOW" && is_number "$SOON"; } || return 0
    dates=$(sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/{/-----END/q;/-----/!p;}' "$TLS_CERT" |
        tr -d '\r' | base64 -d | od -An -v -tx1 | tr -d ' \n' | awk '
        function time(    length_, digits, i) {
            length_ = substr(hex, at, 2) == "17" ? 12 : 14
            for (i = 1; i <= length_; i++) digits = digits substr(hex, at + 3 + 2 * i, 1)
            if (length_ == 12) digits = (substr(digits, 1, 2) < "50" ? "20" : "19") digits
            at += 6 + 2 * length_
            return digits
        }
        {
            hex = $0
            while (match(hex, /30(1e|20|22)(170d|180f)(3[0-9])+5a(170d|180f)(3[0-9])+5a/)) {
                at = RSTART + 4
                if (RSTART % 2) { print time(), time(); exit }
                hex = substr(hex, RSTART + 1)
                if (RSTART % 2 == 0) hex = "0" hex
            }
        }')
    case $dates in
    *[!0-9\ ]* | '') return 0 ;;
    esac
    is_number "${dates% *}" && is_number "${dates#* }" && BEGINS=${dates% *} ENDS=${dates#* }
}

# day_of TIME: such as 2026-11-22.
day_of() {
    printf '%s\n' "$1" | sed 's/^\(....\)\(..\)\(..\).*/\1-\2-\3/'
}

# opens_for_containers FILE: may uid 1000 read it by its mode? True where that cannot be seen.
opens_for_containers() {
    stat -L -c '%u %g %a' -- "$1" | awk '
        $1 == 1000 { exit int($3 / 100) % 10 < 4 }
        $2 == 1000 { exit int($3 / 10) % 10 < 4 }
        { exit $3 % 10 < 4 }'
}
