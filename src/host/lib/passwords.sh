# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Who may log in to AgentFabric's pages.

FIRST_PASSWORD= # account and password that were made at first, while they hold

# prepare_passwords: who may log in, before anything starts that asks.
prepare_passwords() {
    [ -n "$BUILDER_STACK" ] && [ "$LOGIN" = on ] || return 0
    need_scratch
    FIRST_PASSWORD=$(on_state passwords first </dev/null 2>"$SCRATCH/problem") ||
        fail e_state_work passwords "$STATE_DIR" "$(last_line "$(cat "$SCRATCH/problem")")"
}

# set_password [NAME]
set_password() {
    account=${1:-local_user}
    require_account "$account"
    require_builder password
    prepare_state
    need_scratch
    password=$(on_state passwords set "$account" </dev/null 2>"$SCRATCH/problem") ||
        fail e_state_work password "$STATE_DIR" "$(last_line "$(cat "$SCRATCH/problem")")"
    say password_set "$account" "$password"
}

# say_login: who may log in, with the password that was made at first.
say_login() {
    [ -n "$BUILDER_STACK" ] || return 0
    case $LOGIN,$FIRST_PASSWORD in
    off,*) say login_off "$CONF" ;;
    *,) say login_file "$STATE_DIR/passwords" ;;
    *) say login_first "${FIRST_PASSWORD% *}" "${FIRST_PASSWORD#* }" ;;
    esac
}
