# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Reading a host without changing it. Whatever is asked may be absent, may hang, or may answer with
# anything: nothing here fails for it, and no number is calculated with before is_number has seen it.
# Files of the host are looked up below HOST_ROOT (gpu.sh).

PATIENCE=8 # seconds that a program of the host may take to answer
BEGAN=     # when the looking began, in seconds

# limited COMMAND [ARGUMENT…]: runs a program of the host, which may hang, for PATIENCE seconds at most;
# on a host where much hangs, after half a minute for one.
limited() {
    patience=$PATIENCE
    now=$(date +%s)
    if is_number "$now" && is_number "$BEGAN" && [ "$((now - BEGAN))" -gt 30 ]; then
        patience=1
    fi
    if there timeout; then
        timeout -s KILL "$patience" "$@" </dev/null
    else
        "$@" </dev/null
    fi
}

# there COMMAND: is it on this host?
there() {
    command -v "$1" >/dev/null 2>&1
}

# is_number TEXT: a whole number that sh can calculate with.
is_number() {
    case $1 in
    0) ;;
    '' | 0* | *[!0-9]*) return 1 ;;
    esac
    [ "${#1}" -le 18 ]
}

# version_of TEXT: sets MAJOR and MINOR from what begins like 20.10.24; fails where it does not.
version_of() {
    MAJOR=${1%%[!0-9]*}
    rest=${1#"$MAJOR"}
    MINOR=0
    case $rest in
    .[0-9]*)
        rest=${rest#.}
        MINOR=${rest%%[!0-9]*}
        [ "$MINOR" = 0 ] || MINOR=${MINOR#0}
        ;;
    esac
    is_number "$MAJOR" && is_number "$MINOR"
}

# version_reaches VERSION MAJOR MINOR
version_reaches() {
    version_of "$1" || return 1
    [ "$MAJOR" -gt "$2" ] || { [ "$MAJOR" -eq "$2" ] && [ "$MINOR" -ge "$3" ]; }
}

# bytes_of SIZE: a setting such as 512m or 8g, in bytes.
bytes_of() {
    number=${1%[kKmMgG]}
    is_number "$number" || return 1
    case $1 in
    *[kK]) echo "$((number * 1024))" ;;
    *[mM]) echo "$((number * 1048576))" ;;
    *[gG]) echo "$((number * 1073741824))" ;;
    *) echo "$number" ;;
    esac
}

# plain TEXT: in one line, and without what is no printable character of ASCII.
plain() {
    printf '%s' "$1" | tr -s '\n\t' '  ' | tr -cd '\040-\176'
}

# line_of FILE: the first line of a file of the host, or nothing.
line_of() {
    [ -r "$HOST_ROOT$1" ] || return 0
    line=
    IFS= read -r line <"$HOST_ROOT$1" || [ -n "$line" ] || return 0
    plain "$line"
}

# bytes_of_memory KEY: what /proc/meminfo says, in bytes; fails where it does not.
bytes_of_memory() {
    kilobytes=$(sed -n "s/^$1: *\([0-9]*\) kB.*/\1/p" "$HOST_ROOT/proc/meminfo")
    is_number "$kilobytes" && echo "$((kilobytes * 1024))"
}

# existing PATH: the path, or the nearest folder above it that is there.
existing() {
    path=$1
    until [ -e "$path" ] || [ -z "$path" ]; do
        path=${path%/*}
    done
    printf '%s\n' "${path:-/}"
}

# find_free PATH: sets FREE, the bytes that this user can write there, MOUNT, where its file system is
# mounted, and FILE_SYSTEM, by which one knows it again where it is mounted twice; empty where df does not say.
find_free() {
    FREE='' MOUNT='' FILE_SYSTEM=''
    answer=$(limited df -P -k "$(existing "$1")" | awk 'END {
        for (i = NF; i > 4; i--)
            if ($i ~ /^[0-9]+%$/) {
                disk = $(i - 3)
                for (j = 1; j < i - 3; j++) disk = disk "," $j
                kilobytes = $(i - 1)
                sub(/^.*[0-9]% +/, "")
                print kilobytes, disk, $0
                exit
            }
    }')
    is_number "${answer%% *}" || return 0
    FREE=$((${answer%% *} * 1024))
    answer=${answer#* }
    FILE_SYSTEM=${answer%% *} MOUNT=${answer#* }
}

# read_only FOLDER: is its file system mounted read-only? To root test -w may say yes all the same.
read_only() {
    folder=$(cd -- "$1" && pwd -P) awk '
        BEGIN { folder = ENVIRON["folder"] "/" }
        {
            gsub(/\\040/, " ", $2)
            at = $2 == "/" ? "/" : $2 "/"
            if (index(folder, at) == 1 && length(at) >= longest) {
                longest = length(at)
                found = "," $4 "," ~ /,ro,/
            }
        }
        END { exit !found }' /proc/mounts
}

# flatten_json: turns the first JSON value (RFC 8259) of its input into lines ".key.0.key=value".
flatten_json() {
    awk '
    { text = text $0 " " }
    END { at = 1; value("", 0) }
    function blanks() { while (substr(text, at, 1) ~ /[ \t\r]/) at++ }
    function string(    all, c) {
        for (at++; (c = substr(text, at, 1)) != "\"" && c != ""; at++) {
            if (c == "\\") {
                c = substr(text, ++at, 1)
                if (c ~ /[bfnrt]/) c = " "
                else if (c == "u") { at += 4; c = "?" }
            }
            all = all c
        }
        at++
        return all
    }
    function value(path, depth,    c, key, n) {
        blanks()
        c = substr(text, at, 1)
        if (depth > 20 || c == "") { at = length(text) + 1; return }
        if (c == "\"") { print path "=" string(); return }
        if (c != "{" && c != "[") {
            for (n = at; substr(text, at, 1) ~ /[-+.0-9A-Za-z]/; at++);
            if (at == n) at = length(text) + 1
            else print path "=" substr(text, n, at - n)
            return
        }
        at++
        for (n = 0; ; n++) {
            blanks()
            if (substr(text, at, 1) == ",") { at++; blanks() }
            if (substr(text, at, 1) ~ /^[]}]?$/) { at++; return }
            key = n
            if (c == "{") {
                key = string()
                blanks()
                at++
            }
            value(path "." key, depth + 1)
        }
    }'
}

# fact PATH: one value of the lines in $facts.
fact() {
    printf '%s\n' "$facts" | key="$1=" awk 'index($0, ENVIRON["key"]) == 1 {
        print substr($0, length(ENVIRON["key"]) + 1)
        exit
    }'
}
