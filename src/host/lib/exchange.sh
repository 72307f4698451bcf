# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Agents carried to other hosts and from them, as folders.

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
