# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# report: what somebody needs who helps from afar, in one file, and nothing that is no business of
# theirs. It works where Docker does not.
#
# Keys and passwords: known ones (key files, the first password, passwords that are no hashes) are
# replaced wherever they stand, and so is what follows a word such as "api-key". Where one cannot be read
# no log goes along. Chats: pages and model server log what they are asked, so of a log only forms of
# lines are kept that are known to hold nothing said (without_chats); a new form is left out until it is
# added there.

PATIENCE_OF_REPORT=${AIRGAP_PATIENCE:-60} # seconds that each question may take; only tests set it

# make_report [FILE]
make_report() {
    report=${1:-$BUNDLE-report-$(date +%Y%m%dT%H%M%S).tar.gz}
    require_new_file report "$report"
    need_scratch
    begin_file report "$report"
    packed=$BUNDLE-report
    mkdir -p "$SCRATCH/$packed/logs"
    say reporting
    hung='' unread=
    list_secrets >"$SCRATCH/secrets" || fail e_scratch "$SCRATCH"
    {
        text report_about "$BUNDLE"
        [ -z "$unread" ] || say report_unread "$unread" "$(id -un)"
    } >"$SCRATCH/$packed/README.txt"
    keep settings.txt say_settings
    keep check.json patiently sh "$HERE/airgap" check --json
    keep status.txt patiently sh "$HERE/airgap" status
    keep host.txt say_host
    keep docker.txt say_docker
    keep state.txt say_state
    SERVICES=
    ! (find_services) >/dev/null 2>&1 || find_services
    for service in $SERVICES; do
        keep "container-$service.json" asked_docker inspect "$(container_of "$service")"
        [ -z "$unread" ] || continue
        asked_docker logs "$(container_of "$service")" >"$SCRATCH/log" 2>&1
        without_chats "$service" <"$SCRATCH/log" >"$SCRATCH/kept" || fail e_scratch "$SCRATCH"
        without_secrets <"$SCRATCH/kept" >"$SCRATCH/$packed/logs/$service.txt" || fail e_scratch "$SCRATCH"
    done
    answer=$(tar -C "$SCRATCH" -czf - "$packed" 2>"$SCRATCH/problem" >"$UNFINISHED" || cat "$SCRATCH/problem")
    [ -z "$answer" ] || fail e_file_make report "$report" "$(last_line "$answer")"
    finish_file report "$report"
    [ -z "$unread" ] || say report_unread "$unread" "$(id -un)"
    say reported "$report" "$(human "$(wc -c <"$report")")"
}

# keep NAME COMMAND…: what the command says becomes a file of the report.
keep() {
    kept=$1
    shift
    # Not a pipe: one would wait for whatever outlives a command that was ended.
    "$@" >"$SCRATCH/kept" 2>&1 </dev/null
    without_secrets <"$SCRATCH/kept" >"$SCRATCH/$packed/$kept" || fail e_scratch "$SCRATCH"
}

# asked_docker ARGUMENT…
asked_docker() {
    # shellcheck disable=SC2086  # DOCKER may be several words
    patiently $DOCKER "$@"
}

# patiently COMMAND…: no longer than a minute, because a report is made where things hang; and where one
# hung, a few seconds for each of the others.
patiently() {
    PATIENCE=${hung:-$PATIENCE_OF_REPORT} BEGAN=$(date +%s)
    limited "$@"
    ended=$?
    # With the signal that `limited` sends, as a shell tells it.
    [ "$ended" -ne 137 ] || hung=$((PATIENCE < 5 ? PATIENCE : 5))
    return "$ended"
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

# list_secrets: those that are known, a line each. Sets unread to the files that could not be read.
list_secrets() {
    for file in "$SERVER_KEY_FILE" "$LLM_KEY_FILE" "$STATE_DIR/first-password" "$STATE_DIR/passwords"; do
        if [ -z "$file" ] || { [ ! -e "$file" ] && [ -x "$(existing "$file")" ]; }; then
            continue
        fi
        secrets_of "$file" >"$SCRATCH/secret" 2>/dev/null || unread="$unread${unread:+, }$file"
        case $file in
        */passwords) sed -e '/^[[:space:]]*#/d' -e 's/^[^:]*://' "$SCRATCH/secret" ;;
        *) sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' "$SCRATCH/secret" ;;
        esac || return
    done
}

# secrets_of FILE: what is in it, if need be as uid 1000, to whom it belongs.
secrets_of() {
    [ -r "$1" ] && cat "$1" && return
    # shellcheck disable=SC2086  # options
    asked_docker run --rm --network none --read-only --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges $UNLABELLED --log-driver none \
        --mount "$(mount_of "$1" /run/airgap/secret readonly)" --entrypoint /bin/cat "$IMAGE" /run/airgap/secret
}

# without_secrets: copies its input without what is secret.
without_secrets() {
    secrets=$SCRATCH/secrets awk '
    function without(line, secret,    done, at) {
        while (at = index(line, secret)) {
            done = done substr(line, 1, at - 1) "(left out)"
            line = substr(line, at + length(secret))
        }
        return done line
    }
    BEGIN {
        while ((got = (getline line < ENVIRON["secrets"])) > 0) if (length(line) > 3) secret[++n] = line
        if (got < 0) exit 1
        word = "(api[-_]?key|passw(or)?d|passphrase|secret|[a-z]+[-_]token|bearer|authorization)"
        before = word "[]\"\047]*[ \t]*[:= ,][ \t]*[[(\"\047]*"
    }
    {
        for (i = 1; i <= n; i++) $0 = without($0, secret[i])
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

# without_chats SERVICE: copies a log without what visitors and models said. What is kept:
#   whole     what this bundle's pages log, and what vLLM logs in files that see settings and figures alone
#   in part   requests without their query, failed logins without the name, errors without their text,
#             other lines of a known beginning without the rest; tracebacks where they go through installed files
# vLLM puts its beginning before each line of a message that has several, and these files are those of
# 0.19.1 and 0.32.0. What any of its services prints without a beginning is no line of these forms.
without_chats() {
    service=$1 awk '
    function keep(line) {
        if (left) print "(" left " lines left out)"
        left = 0
        print line
    }
    function keep_beginning(line, pattern) {
        if (!match(line, pattern)) return 0
        keep(head substr(line, 1, RLENGTH) " (left out)")
        return 1
    }
    BEGIN {
        day = "^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9:]+[.,][0-9]+ "
        level = "(DEBUG|INFO|WARNING|ERROR|CRITICAL)"
        process = "^\\([A-Za-z0-9_ -]+ pid=[0-9]+\\) "
        place = level " [0-9]+-[0-9]+ [0-9:]+ \\[[A-Za-z0-9_./]+:[0-9]+\\] "
        figures = "^(INFO|WARNING) .*[[/](api_server|api_utils|arg_utils|backends|base_loader|compilation|cpu|cpu_model_runner" \
            "|cpu_worker|cuda|default_loader|entry|gpu_model_runner|gpu_worker|kv_cache_utils|launcher|loggers" \
            "|model|parallel_state|system_utils|torch_utils|vllm|weight_utils)[.]py:[0-9]+\\] $"
        error = "^[A-Za-z_][A-Za-z0-9_.]*(Error|Exception|Interrupt|Exit|Gone|Problem)(:|$)"
        telling = "^([a-z]+[.])*(OutOfMemoryError: |RuntimeError: (CUDA|NCCL|Engine core)|" \
            "ValueError: (To serve|No available memory|Free memory))"
        uvicorn = "^(INFO|WARNING|ERROR): +((Started|Finished) server process|Waiting for (application|connections)" \
            "|Application (startup|shutdown)|Shutting down|Uvicorn running|Exception in ASGI)"
        request = "^INFO: +[0-9a-f.:]+ - \"[A-Z]+ [A-Za-z0-9_./-]+"
        program = "^(vllm_server|agentfabric|agent_runner): "
        page = "^(the page is served on|`[^`]*` is served on|the embedding model `[^`]*` took|answered in [0-9]" \
            "|the account `[^`]*` and its password are in|`[^`]*` has changed: [0-9]|the accounts stay as they were" \
            "|all have to log in again|logins end with this process|`[^`]*` has logged in from" \
            "|the prompt is too long: left out [0-9]|this host has no Landlock|nobody but the page can ask)"
        begun = "^(no answer:|the answer is no configuration:|the model server takes no form for an answer:" \
            "|the [a-z]+\047s agent of `[a-z0-9_-]*` cannot be made)"
        service = ENVIRON["service"]
    }
    service == "allow" || service == "tls" { sub(/\?[^ ]*/, "?(left out)"); keep($0); next }
    {
        code = before
        before = 0
        head = ""
        rest = $0
        if (match(rest, process)) {
            head = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
        }
        mark = ""
        if (service == "server" && match(rest, "^" place)) {
            mark = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
            if (mark ~ figures) { keep($0); next }
            head = head mark
        } else if (service != "server" && match(rest, day "(- modelscope-agent - )?" level " ")) {
            mark = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
            if (mark !~ /modelscope-agent/) {
                if (rest ~ page) { keep($0); next }
                if (sub(/^a login as .* from /, "a login from ", rest)) { keep(mark rest); next }
                if (match(rest, /^[A-Z]+ [^ ]* sent by another page was refused/)) {
                    keep(mark "what was sent by another page was refused")
                    next
                }
            }
            head = head mark
        }
        if (rest ~ /^  File "\/(opt|usr)\/[^"]*", line [0-9]+/) { before = 1; keep($0) }
        else if (code && rest ~ /^    / || rest ~ /^    [~^ ]+$/) keep($0)
        else if (rest ~ /^(Traceback \(most recent call last\)|During handling of the above|The above exception was)/) keep($0)
        else if (rest ~ telling || rest ~ uvicorn || rest ~ program) keep($0)
        else if (match(rest, request)) {
            asked = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
            keep(head asked (match(rest, / HTTP\/[0-9.]+" [0-9]+[ A-Za-z]*$/) ? (RSTART > 1 ? "(left out)" : "") \
                substr(rest, RSTART) : " (left out)"))
        } else if (rest ~ /^Loading safetensors checkpoint shards: |^\[[WEF][0-9]+ [0-9:.]+ [A-Za-z0-9_]+[.]cpp:[0-9]+\]/) keep($0)
        else if (!keep_beginning(rest, error) && !keep_beginning(rest, begun)) {
            if (mark != "") keep(head "(left out)")
            else left++
        }
    }
    END { if (left) print "(" left " lines left out)" }'
}
