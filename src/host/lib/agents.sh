# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# What agents consist of is known to agents.py alone. Here is what can be said of them without it, what it is
# asked for, and what hinders it.

# is_name TEXT: may an account or a published agent be called so?
is_name() {
    case $1 in
    '' | [!a-z0-9]* | *[!a-z0-9_-]*) return 1 ;;
    esac
    [ "${#1}" -le 32 ]
}

require_name() {
    is_name "$1" || misused e_name "$1"
}

# require_account TEXT: AgentFabric replaces the text "user" in paths.
require_account() {
    require_name "$1"
    [ "$1" != user ] || misused e_name user
}

require_builder() {
    [ -n "$BUILDER_STACK" ] || fail e_no_builder "$1" "$BUNDLE"
}

# ask_state COMMAND NAME [ARGUMENT…]: runs agents.py, and says what hinders it.
ask_state() {
    need_scratch
    case $1 in
    import) on_state agents "$@" 2>"$SCRATCH/problem" ;;
    *) on_state agents "$@" </dev/null 2>"$SCRATCH/problem" ;;
    esac && return
    read_problem
    asked=$1
    name=$2
    place=$(text place_account "$name")
    case $asked in
    import) place=$carried ;;
    export-published) place=$(name_of "agent-$name") ;;
    prepare) place=$(text place_account "$3") ;;
    esac
    case $problem in
    no_agent) fail e_no_agent "$place" "$(configured_accounts)" ;;
    bad_config) fail e_bad_config "$place" "$reason" ;;
    no_knowledge) fail e_no_knowledge "$place" "$reason" ;;
    not_published) fail_not_published "$name" ;;
    exists) fail e_agent_exists "$(text place_account "$name")" "$PROGRAM" ;;
    *) fail e_state_work "$asked" "$STATE_DIR" "$reason" ;;
    esac
}

# configured_accounts: whose agents there are, for people.
configured_accounts() {
    accounts=
    for config in "$STATE_DIR"/agentfabric/config/*/builder_config.json; do
        [ ! -f "$config" ] || accounts="$accounts $(basename "$(dirname "$config")")"
    done
    if [ -n "$accounts" ]; then
        text configured "${accounts# }"
    else
        text none_configured
    fi
}
