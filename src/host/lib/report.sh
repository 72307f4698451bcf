# shellcheck shell=sh disable=SC2034  # shared by the pieces
# Saying things, failing, progress, and cleaning up whatever way the program ends.

LANGUAGE_OF_MESSAGES=en
case ${LC_ALL:-${LC_MESSAGES:-${LANG-}}} in
zh*) LANGUAGE_OF_MESSAGES=zh ;;
esac
# From here on bytes are bytes: sorting and matching must not depend on the operator's locale.
LC_ALL=C
export LC_ALL

UNFINISHED=  # a file that is being written, under a name that goes with this run
SCRATCH=     # a folder for temporary files, made when first needed
TICKER=      # the process that draws progress beside a long command, or a sleep
LOADER=      # the docker load under way
WORKING=     # what this program waits for, to be ended with all that it started
FOLLOWERS=   # the docker logs under way
UNDO=        # names the run whose containers and network must go if it does not end well
REPLACED=    # the published agent whose new version does not serve yet
TURN=        # the file that keeps other joins out of the same folder
REPAIRING=   # the folder that par2 works in
DOWN_AT_END= # set while `run` serves

# say KEY [ARGUMENT…]: one message to the operator.
say() {
    text "$@"
    echo
}

# fail KEY [ARGUMENT…]: says what is wrong and ends the program with 1.
fail() {
    end_progress
    { printf 'airgap: '; say "$@"; } >&2
    exit 1
}

# misused KEY [ARGUMENT…]: the command line itself is wrong; ends with 2.
misused() {
    { printf 'airgap: '; say "$@"; } >&2
    exit 2
}

# progress KEY [ARGUMENT…]: redraws one line on a terminal; silent where there is none.
progress() {
    [ -t 2 ] || return 0
    { printf '\r\033[K'; text "$@"; } >&2
}

end_progress() {
    [ -t 2 ] || return 0
    printf '\r\033[K' >&2
}

# human BYTES: a size for people, such as 1.9 GB.
human() {
    awk -v n="$1" 'BEGIN {
        split("B kB MB GB TB", unit)
        for (i = 1; n >= 1000 && i < 5; i++) n /= 1000
        printf (i == 1 ? "%.0f %s" : "%.1f %s"), n, unit[i]
    }'
}

catch_signals() {
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# await PROCESS: so that a signal ends this program at once, and with it the process and what that started.
await() {
    WORKING=$1
    wait "$WORKING"
    ended=$?
    WORKING=
    return "$ended"
}

# end_tree PROCESS: ends it and all that it started, which xargs and sh leave running. What is stopped starts
# nothing more; when all that was found is stopped, it is all.
end_tree() {
    tree='' before=$1
    kill -STOP "$1" 2>/dev/null || return 0
    while [ "$tree" != "$before" ]; do
        before=$tree
        tree=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" '
            { process = $1; sub(/^.*\) /, ""); parent[process] = $2 }
            END {
                found[top] = 1
                for (more = 1; more; ) {
                    more = 0
                    for (p in parent) if (!(p in found) && parent[p] in found) more = found[p] = 1
                }
                for (p in found) print p
            }' | sort -n)
        # shellcheck disable=SC2086
        kill -STOP $tree 2>/dev/null
    done
    # shellcheck disable=SC2086
    kill -KILL $tree 2>/dev/null
}

clean_up() {
    status=$?
    trap '' HUP INT TERM
    trap - EXIT
    for process in $TICKER $LOADER $FOLLOWERS; do
        kill "$process" 2>/dev/null
    done
    [ -z "$WORKING" ] || end_tree "$WORKING"
    end_progress
    [ -z "$TURN" ] || give_turn
    [ -z "$UNFINISHED" ] || rm -f -- "$UNFINISHED"
    [ -z "$SCRATCH" ] || rm -rf -- "$SCRATCH"
    [ -z "$UNDO" ] || undo_run "$UNDO" "$status"
    [ -z "$REPLACED" ] || say still_published "$REPLACED" "$PROGRAM" "$REPLACED" >&2
    [ -z "$DOWN_AT_END" ] || end_run
    [ -z "${CHARGE-}" ] || leave_charge
    exit "$status"
}
