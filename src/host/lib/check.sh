# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# `airgap check`: can this host run the bundle? It changes nothing, and needs no more of the bundle than
# airgap, bundle.conf and lib/. Each check writes findings, one line each, by `note`; it runs in a
# shell of its own, so that one which dies is a warning and the others go on.

SEPARATOR=$(printf '\037') # separates the parts of a finding
FINDINGS=                  # all so far, a line each: STATE NAME FOUND NEEDED TO-DO

# check_host [--json]: ends with 1 where something stands in the way.
check_host() {
    json=${1-}
    exec 2>/dev/null # what programs of the host complain of is in the findings
    BEGAN=$(date +%s)
    if problem=$(load_settings 2>&1); then
        load_settings
        # Another model than the bundle's has other figures.
        [ "$LLM_DIR" = "$HERE/models/$LLM" ] ||
            MODEL_WEIGHTS='' MODEL_KV_PER_TOKEN='' MODEL_MAX_LEN='' MODEL_HEADS='' MODEL_KV_HEADS=''
        find_docker
        [ "$DEVICE" != cuda ] || [ -n "$LLM_URL" ] || find_cards
        find_context
        look_at system check_system
        look_at cpu check_cpu
        look_at memory check_memory
        look_at kernel check_kernel
        look_at clock check_clock
        look_at docker check_docker
        look_at store check_store
        look_at disk_image check_disk
        look_at users check_users
        look_at cgroup check_cgroup
        look_at proxies check_proxies
        look_at forwarding check_forwarding
        look_at ports check_ports_free
        look_at tls check_tls
        look_at selinux check_selinux
        if [ "$DEVICE" = cuda ] && [ -z "$LLM_URL" ]; then
            look_at gpu check_gpu
            look_at driver check_driver
            look_at capability check_capability
            look_at gpu_access check_gpu_access
            look_at gpu_use check_gpu_use
            look_at shm check_shm
        fi
        look_at context check_context
        look_at python check_python
    else
        look_at settings wrong_settings
    fi
    conclude
}

# note STATE NAME FOUND [NEEDED [TO-DO]]: one finding.
note() {
    printf '%s\037%s\037%s\037%s\037%s\n' "$1" "$2" \
        "$(one_line "$3")" "$(one_line "${4-}")" "$(one_line "${5-}")"
}

# look_at NAME CHECK: runs a check, and shows and keeps what it found; not what else came out, as of a
# program that answers something odd.
look_at() {
    found=$("$2") || found="$found
$(note warn "$1" "$(text check_died)")"
    while IFS=$SEPARATOR read -r state name found needed todo; do
        case $state in
        ok | warn | stop) ;;
        *) continue ;;
        esac
        FINDINGS="$FINDINGS${FINDINGS:+
}$state$SEPARATOR$name$SEPARATOR$found$SEPARATOR$needed$SEPARATOR$todo"
        [ -n "$json" ] || show_finding
    done <<END
$found
END
}

# show_finding: in one line, for people.
show_finding() {
    text "word_$state"
    printf '  '
    text "word_check_$name"
    text check_found "$found"
    [ -z "$needed" ] || text check_needed "$needed"
    [ -z "$todo" ] || text check_todo "$todo"
    echo
}

# note_failure NAME ERROR: what `fail` said, or would say, as a finding.
note_failure() {
    found='' needed='' todo=''
    while IFS= read -r line; do
        case $line in
        '  needed: '* | '  to do: '*) part=${line#*: } ;;
        *) part=${line#*：} ;;
        esac
        case $line in
        '  needed: '* | '  需要：'*) needed=$part ;;
        '  to do: '* | '  处理：'*) todo=$part ;;
        *) found="$found ${line#airgap: }" ;;
        esac
    done <<END
$2
END
    note stop "$1" "$found" "$needed" "$todo"
}

wrong_settings() {
    note_failure settings "$problem"
}

# one_line TEXT: with blanks for line breaks, in any language.
one_line() {
    set -f
    # shellcheck disable=SC2086
    set -- $1
    printf '%s\n' "$*"
}

# count STATE: how many findings are so.
count() {
    number=0
    while IFS=$SEPARATOR read -r state _; do
        [ "$state" != "$1" ] || number=$((number + 1))
    done <<END
$FINDINGS
END
    echo "$number"
}

# stopped_by_more_than NAME: does another finding than NAME stand in the way?
stopped_by_more_than() {
    while IFS=$SEPARATOR read -r state name _; do
        [ "$state,$name" = "$state,$1" ] || [ "$state" != stop ] || return 0
    done <<END
$FINDINGS
END
    return 1
}

# conclude: the last sentence, and the exit code.
conclude() {
    stops=$(count stop) warnings=$(count warn)
    if [ "$stops" -gt 0 ]; then
        if [ -n "${LARGEST-}" ] && [ "$LARGEST" -gt 0 ] && [ "$LARGEST" -lt "${CONTEXT:-0}" ] &&
            ! stopped_by_more_than context; then
            sentence=$(text check_shorter "$BUNDLE" "$CONTEXT" "$LARGEST" "$LARGEST" "$CONF")
        else
            sentence=$(text check_cannot "${BUNDLE:-$HERE}" "$stops")
        fi
    elif [ -n "$LLM_URL" ]; then
        sentence=$(text check_can_elsewhere "$BUNDLE" "$LLM_URL" "$warnings")
    elif [ -n "$CONTEXT" ]; then
        sentence=$(text check_can "$BUNDLE" "$CONTEXT" "$warnings")
    else
        sentence=$(text check_can_somehow "$BUNDLE" "$warnings")
    fi
    if [ -n "$json" ]; then
        write_json
    else
        printf '%s\n' "$sentence"
    fi
    [ "$stops" -eq 0 ]
}

# write_json: {"bundle", "can_run", "context" and "largest_context" (tokens; null where unknown),
# "checks": [{"name", "state": ok, warn or stop, "found", "needed", "to_do"}], "sentence"}
write_json() {
    can=true
    [ "$stops" -eq 0 ] || can=false
    printf '{"bundle": %s, "can_run": %s, ' "$(quoted "${BUNDLE-}")" "$can"
    printf '"context": %s, "largest_context": %s, ' "${CONTEXT:-null}" "${LARGEST:-null}"
    printf '"checks": ['
    comma=
    while IFS=$SEPARATOR read -r state name found needed todo; do
        printf '%s\n  {"name": "%s", "state": "%s", "found": %s, "needed": %s, "to_do": %s}' \
            "$comma" "$name" "$state" "$(quoted "$found")" "$(quoted "$needed")" "$(quoted "$todo")"
        comma=,
    done <<END
$FINDINGS
END
    printf '\n], "sentence": %s}\n' "$(quoted "$sentence")"
}

# quoted TEXT: a JSON string (RFC 8259), by sh alone.
quoted() {
    left=$1 right=
    while :; do
        case $left in
        *[\\\"]*)
            before=${left%%[\\\"]*}
            left=${left#"$before"}
            right="$right$before\\${left%"${left#?}"}"
            left=${left#?}
            ;;
        *) break ;;
        esac
    done
    printf '"%s%s"' "$right" "$left"
}
