# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Agents that people built in AgentFabric's page: publishing them, and carrying them to other hosts.
# What they consist of is known to agents.py alone; here is what the operator says and sees.

# find_published: sets PUBLISHED to the names of what is published.
find_published() {
    PUBLISHED=
    [ -n "$BUILDER_STACK" ] || return 0
    require_open "$STATE_DIR"
    require_open "$STATE_DIR/published"
    for folder in "$STATE_DIR"/published/*; do
        name=${folder##*/}
        if is_name "$name" && { [ -f "$folder/publish.conf" ] || [ "$name" = "$PREPARED" ]; }; then
            PUBLISHED="$PUBLISHED $name"
        fi
    done
}

# is_name TEXT: may an account or a published agent be called so?
is_name() {
    case $1 in
    '' | [!a-z0-9]* | *[!a-z0-9_-]*) return 1 ;;
    esac
    [ "${#1}" -le 32 ]
}

# read_published NAME: sets PUBLISHED_FROM (an account), PUBLISHED_APP (bot or runner), PUBLISHED_PORT
# and PUBLISHED_CONFIG (the copy of the agent that is served).
read_published() {
    conf=$STATE_DIR/published/$1/publish.conf
    [ "$1" != "$PREPARED" ] || conf=$conf.new
    [ -r "$conf" ] || fail e_state_closed "$conf" "$(id -u)"
    read_settings "$conf" 'PUBLISHED_FROM PUBLISHED_APP PUBLISHED_PORT PUBLISHED_CONFIG'
}

# is_published NAME
is_published() {
    case " $PUBLISHED " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# publish [NAME] [--from ACCOUNT] [--port PORT] [--runner | --bot]
publish() {
    wanted='' from='' app='' wanted_port=''
    while [ "$#" -gt 0 ]; do
        case $1 in
        --runner) app=runner ;;
        --bot) app=bot ;;
        --from | --port)
            [ "$#" -gt 1 ] || misused e_value_needed publish "$1" "$PROGRAM"
            case $1 in
            --from) from=$2 ;;
            *) wanted_port=$2 ;;
            esac
            shift
            ;;
        -*) misused e_extra_argument publish "$1" "$PROGRAM" ;;
        *)
            [ -z "$wanted" ] || misused e_extra_argument publish "$1" "$PROGRAM"
            wanted=$1
            ;;
        esac
        shift
    done
    # The first agent of an account needs no name of its own.
    [ -n "$wanted" ] || wanted=${from:-agent}
    [ "$wanted" != local_user ] || wanted=agent
    require_name "$wanted"
    require_account "${from:-local_user}"
    require_builder publish
    [ -z "$wanted_port" ] || check_port_number "$wanted_port"
    prepare_state
    find_services

    port=
    if is_published "$wanted"; then
        read_published "$wanted"
        : "${from:=$PUBLISHED_FROM}" "${app:=$PUBLISHED_APP}"
        port=$PUBLISHED_PORT
    fi
    port=${wanted_port:-$port}
    [ -n "$port" ] || free_port
    : "${from:=local_user}" "${app:=bot}"
    [ "$app" != runner ] || [ -n "$AGENT_STACK" ] || fail e_no_runner "$BUNDLE"

    say publishing "$wanted" "$from"
    ask_state prepare "$wanted" "$from" "$app" "$port"
    ! is_published "$wanted" || REPLACED=$wanted
    PREPARED=$wanted
    read_manifest
    prepare_passwords
    prepare_tls
    find_services
    needed=
    for service in $SERVICES; do
        case $service in
        server | allow | tls) running "$service" || needed="$needed $service" ;;
        esac
    done
    # shellcheck disable=SC2086  # names have no blanks
    start_services $needed "agent-$wanted"
    ask_state commit "$wanted"
    PREPARED='' REPLACED=
    say_published "$wanted"
    say_login
}

# unpublish NAME
unpublish() {
    require_name "$1"
    require_builder unpublish
    prepare_state
    find_services
    is_published "$1" || fail_not_published "$1"
    docker_ rm -f "$(container_of "agent-$1")" >/dev/null 2>&1
    ask_state remove "$1"
    say unpublished "$1"
}

# export_agent DIR [--from ACCOUNT | --published NAME]
export_agent() {
    carried='' which=export from=local_user
    while [ "$#" -gt 0 ]; do
        case $1 in
        --from | --published)
            [ "$#" -gt 1 ] || misused e_value_needed export "$1" "$PROGRAM"
            which=export from=$2
            [ "$1" = --from ] || which=export-published
            shift
            ;;
        -*) misused e_extra_argument export "$1" "$PROGRAM" ;;
        *)
            [ -z "$carried" ] || misused e_extra_argument export "$1" "$PROGRAM"
            carried=$1
            ;;
        esac
        shift
    done
    [ -n "$carried" ] || misused e_folder_needed export "$PROGRAM"
    carried=${carried%"${carried##*[!/]}"}
    require_name "$from"
    require_builder export
    if [ -e "$carried" ] || [ -L "$carried" ]; then
        fail e_export_exists "$carried"
    fi
    prepare_state
    find_services
    need_scratch
    ask_state "$which" "$from" >"$SCRATCH/agent.tar"
    made=$carried.airgap-new
    rm -rf -- "$made"
    if ! answer=$({ mkdir -- "$made" && tar -xof "$SCRATCH/agent.tar" -C "$made" && mv -- "$made" "$carried"; } 2>&1); then
        rm -rf -- "$made"
        fail e_export "$carried" "$(last_line "$answer")"
    fi
    say exported "$carried" "$PROGRAM"
    [ ! -e "$carried/openapi_plugin_config.json" ] || say exported_plugin "$carried/openapi_plugin_config.json"
}

# import_agent DIR [--to ACCOUNT] [--replace]
import_agent() {
    carried='' to=local_user replace=
    while [ "$#" -gt 0 ]; do
        case $1 in
        --to)
            [ "$#" -gt 1 ] || misused e_value_needed import "$1" "$PROGRAM"
            to=$2
            shift
            ;;
        --replace) replace=replace ;;
        -*) misused e_extra_argument import "$1" "$PROGRAM" ;;
        *)
            [ -z "$carried" ] || misused e_extra_argument import "$1" "$PROGRAM"
            carried=$1
            ;;
        esac
        shift
    done
    [ -n "$carried" ] || misused e_folder_needed import "$PROGRAM"
    require_account "$to"
    require_builder import
    [ -r "$carried/builder_config.json" ] || fail e_no_agent_in "$carried"
    prepare_state
    find_services
    need_scratch
    tar -C "$carried" -chf - . >"$SCRATCH/agent.tar" || fail e_no_agent_in "$carried"
    # shellcheck disable=SC2086  # replace is one word or none
    ask_state import "$to" $replace <"$SCRATCH/agent.tar"
    say imported "$to" "$PROGRAM" "$([ "$to" = local_user ] || echo " --from $to")"
}

# ask_state COMMAND NAME [ARGUMENT…]: runs agents.py, and says what hinders it.
ask_state() {
    need_scratch
    case $1 in
    import) on_state agents "$@" 2>"$SCRATCH/problem" ;;
    *) on_state agents "$@" </dev/null 2>"$SCRATCH/problem" ;;
    esac && return
    answer=$(last_line "$(cat "$SCRATCH/problem")")
    case $answer in
    problem*) ;;
    *) fail e_state_work "$1" "$STATE_DIR" "$answer" ;;
    esac
    asked=$1
    name=$2
    tab=$(printf '\t')
    answer=${answer#*"$tab"}
    reason=${answer##*"$tab"}
    place=$(text place_account "$name")
    case $asked in
    import) place=$carried ;;
    export-published) place=$(name_of "agent-$name") ;;
    prepare) place=$(text place_account "$3") ;;
    esac
    case ${answer%%"$tab"*} in
    no_agent) fail e_no_agent "$place" "$(configured_accounts)" ;;
    bad_config) fail e_bad_config "$place" "$reason" ;;
    no_knowledge) fail e_no_knowledge "$place" "$reason" ;;
    not_published) fail_not_published "$name" ;;
    exists) fail e_agent_exists "$(text place_account "$name")" "$PROGRAM" ;;
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

fail_not_published() {
    PUBLISHED=${PUBLISHED# }
    fail e_not_published "$1" "${PUBLISHED:--}" "$PROGRAM"
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

check_port_number() {
    awk -v v="$1" 'BEGIN { exit !(v ~ /^[1-9][0-9]*$/ && v + 0 < 65536) }' ||
        misused e_port_number "$1" "$(text form_port)"
}

# say_published NAME
say_published() {
    listen_of "agent-$1"
    say address_published "$1" "$SCHEME://$(host_of "$listen"):$port/" "$PUBLISHED_APP" "$PUBLISHED_FROM"
}
