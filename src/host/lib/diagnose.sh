# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# report: what somebody needs who helps from afar, in one file, and nothing that is no business of
# theirs. It works where Docker does not.
#
# Keys and passwords: known ones (key files, the first password, passwords that are no hashes) are
# replaced wherever they stand, and so is what follows a word such as "api-key". Chats: AgentFabric logs
# what it is asked, so of the agents' logs only the forms that are known to hold nothing said are kept:
# what the pages of this bundle log themselves, and tracebacks without the text of the error.

# make_report [FILE]
make_report() {
    report=${1:-$BUNDLE-report-$(date +%Y%m%dT%H%M%S).tar.gz}
    require_new_file report "$report"
    need_scratch
    begin_file report "$report"
    packed=$BUNDLE-report
    mkdir -p "$SCRATCH/$packed/logs"
    list_secrets >"$SCRATCH/secrets"
    say reporting
    text report_about "$BUNDLE" >"$SCRATCH/$packed/README.txt"
    keep settings.txt say_settings
    keep check.json sh "$HERE/airgap" check --json
    keep status.txt sh "$HERE/airgap" status
    keep host.txt say_host
    keep docker.txt say_docker
    keep state.txt say_state
    SERVICES=
    ! (find_services) >/dev/null 2>&1 || find_services
    for service in $SERVICES; do
        keep "container-$service.json" asked_docker inspect "$(container_of "$service")"
        asked_docker logs "$(container_of "$service")" 2>&1 | without_chats "$service" |
            without_secrets >"$SCRATCH/$packed/logs/$service.txt"
    done
    answer=$(tar -C "$SCRATCH" -czf - "$packed" 2>"$SCRATCH/problem" >"$UNFINISHED" || cat "$SCRATCH/problem")
    [ -z "$answer" ] || fail e_file_make report "$report" "$(last_line "$answer")"
    finish_file report "$report"
    say reported "$report" "$(human "$(wc -c <"$report")")"
}

# keep NAME COMMAND…: what the command says becomes a file of the report.
keep() {
    kept=$1
    shift
    "$@" 2>&1 </dev/null | without_secrets >"$SCRATCH/$packed/$kept"
}

# asked_docker ARGUMENT…: no longer than a minute each, because a report is made where things hang.
asked_docker() {
    PATIENCE=60 BEGAN=$(date +%s)
    # shellcheck disable=SC2086  # DOCKER may be several words
    limited $DOCKER "$@"
}

# say_settings: the lines that are settings; comments may hold anything.
say_settings() {
    for file in "$HERE/bundle.conf" "$CONF"; do
        echo "== $file"
        [ ! -r "$file" ] || sed -n -e 's/[[:blank:]]#.*//' -e 's/^[[:blank:]]*\([A-Z_][A-Z_]*=.*\)/\1/p' "$file"
    done
    env | sed -n 's/^\(AIRGAP_[A-Z_]*=.*\)/\1/p'
    echo "== MANIFEST"
    sha256sum "$HERE/MANIFEST"
}

say_host() {
    for command in date 'uname -a' 'cat /etc/os-release' id 'nproc' 'cat /proc/loadavg' 'cat /proc/meminfo' \
        'df -h' nvidia-smi; do
        echo "== $command"
        PATIENCE=20 BEGAN=$(date +%s)
        # shellcheck disable=SC2086  # a command and its arguments
        limited $command
    done
}

say_docker() {
    for question in version info "ps -a --no-trunc --filter label=airgap.bundle=$BUNDLE" \
        "image ls --digests localhost/airgap/$BUNDLE" 'stats --no-stream' 'system df'; do
        echo "== docker $question"
        # shellcheck disable=SC2086  # a command and its arguments
        asked_docker $question
    done
}

# say_state: how much there is, and of which owner; not what.
say_state() {
    ls -ldn "$STATE_DIR"
    for folder in "$STATE_DIR"/*; do
        [ ! -d "$folder" ] || echo "${folder##*/}: $(du -sk "$folder" 2>/dev/null | awk '{ print $1 }') KiB"
    done
    df -h "$STATE_DIR"
}

# list_secrets: those that are known and that this user may read, a line each.
list_secrets() {
    for file in "$SERVER_KEY_FILE" "$LLM_KEY_FILE" "$STATE_DIR/first-password"; do
        [ ! -r "$file" ] || sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' "$file"
    done
    [ ! -r "$STATE_DIR/passwords" ] || sed -e '/^[[:space:]]*#/d' -e 's/^[^:]*://' "$STATE_DIR/passwords"
}

# without_secrets: copies its input without what is secret.
without_secrets() {
    secrets=$SCRATCH/secrets awk '
    BEGIN {
        while ((getline line < ENVIRON["secrets"]) > 0) if (length(line) > 3) secret[++n] = line
        word = "(api[-_]?key|passw(or)?d|passphrase|secret|[a-z]+[-_]token|bearer|authorization)"
        before = word "[]\"\047]*[ \t]*[:= ,][ \t]*[[(\"\047]*"
    }
    {
        for (i = 1; i <= n; i++)
            while (at = index($0, secret[i]))
                $0 = substr($0, 1, at - 1) "(left out)" substr($0, at + length(secret[i]))
        gsub(/:\/\/[^\/@ \t"]*@/, "://(left out)@")
        gsub(/sk-[A-Za-z0-9_-]+/, "(left out)")
        done = ""
        rest = $0
        while (match(tolower(rest), before)) {
            done = done substr(rest, 1, RSTART + RLENGTH - 1)
            rest = substr(rest, RSTART + RLENGTH)
            if (match(tolower(rest), "^bearer[ \t]+")) rest = substr(rest, RLENGTH + 1)
            if (match(rest, /^[^] \t"\047,;)}]+/)) {
                done = done "(left out)"
                rest = substr(rest, RLENGTH + 1)
            }
        }
        print done rest
    }'
}

# without_chats SERVICE: copies a log without what visitors and models said.
without_chats() {
    service=$1 awk '
    function keep(line) {
        if (left) print "(" left " lines left out)"
        left = 0
        print line
    }
    BEGIN {
        day = "^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9:]+[.,][0-9]+ "
        level = "(DEBUG|INFO|WARNING|ERROR|CRITICAL)"
        service = ENVIRON["service"]
    }
    service == "allow" || service == "tls" { sub(/\?[^ ]*/, "?(left out)"); keep($0); next }
    service == "server" {
        if (tolower($0) ~ /prompt[^_ ]|prompt_token_ids|received request|messages=|"content"/) left++
        else { sub(/\?[^ ]*/, "?(left out)"); keep($0) }
        next
    }
    { code = before; before = 0 }
    $0 ~ day "- modelscope-agent - " level " -" {
        match($0, "- modelscope-agent - " level " -")
        keep(substr($0, 1, RSTART + RLENGTH - 1) " (left out)")
        next
    }
    $0 ~ day level " " {
        sub(/a login as .* from /, "a login from ")
        sub(/the answer is no configuration: .*/, "the answer is no configuration")
        keep($0)
        next
    }
    /^  File "/ { before = 1; keep($0); next }
    code && /^    / { keep($0); next }
    /^Traceback \(|^During handling of|^The above exception|^    [~^ ]+$/ { keep($0); next }
    /^(agentfabric|agent_runner): |^(INFO|WARNING|ERROR): / { keep($0); next }
    match($0, /^[A-Za-z_][A-Za-z0-9_.]*(Error|Exception|Interrupt|Exit|Gone|Problem)(:|$)/) {
        keep(substr($0, 1, RLENGTH) " (left out)")
        next
    }
    { left++ }
    END { if (left) print "(" left " lines left out)" }'
}
