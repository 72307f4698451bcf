# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# uninstall: what the bundle has left in Docker and, with --purge, the state.

# uninstall [--purge [--yes]]
uninstall() {
    purge='' sure=
    for argument in "$@"; do
        case $argument in
        --purge) purge=1 ;;
        --yes) sure=1 ;;
        *) misused e_extra_argument uninstall "$argument" "$PROGRAM" ;;
        esac
    done
    [ -z "$purge" ] || make_sure
    take_down
    # While there is an image: what is in the state belongs to uid 1000.
    [ -z "$purge" ] || remove_state
    images=$(docker_ image ls --format '{{.Repository}}:{{.Tag}}' "localhost/airgap/$BUNDLE")
    for image in $images; do
        docker_ image rm "$image" >/dev/null || fail e_image_remove "$image"
        say image_removed "$image"
    done
    [ -n "$purge" ] || [ ! -e "$STATE_DIR" ] || say state_stays "$STATE_DIR" "$PROGRAM"
    say folder_stays "$HERE" "$HERE"
}

# states: the state folder, and what `restore` has put beside it.
states() {
    for folder in "$STATE_DIR" "$STATE_DIR".before-restore-* "$STATE_DIR.restoring" "$STATE_DIR.restored"; do
        [ ! -d "$folder" ] || printf '%s\n' "$folder"
    done
}

# make_sure: unless the operator said --yes, asks for the bundle's name.
make_sure() {
    [ -n "$(states)" ] && [ -z "$sure" ] || return 0
    say purge_warning
    states | sed 's/^/  /'
    say purge_ask "$BUNDLE"
    IFS= read -r answer || answer=
    [ "$answer" = "$BUNDLE" ] || fail e_purge_answer "$BUNDLE" "$PROGRAM"
}

# remove_state: only what is known to be of the bundle, in a folder that may hold other things too.
remove_state() {
    need_scratch
    states >"$SCRATCH/states"
    set -- agent agentfabric published server pex versions \
        passwords first-password .passwords.new .first-password.new
    while IFS= read -r STATE_DIR; do
        ! have_image || on_state state_files empty "$@" </dev/null >/dev/null 2>&1
        for name in "$@"; do
            rm -rf -- "${STATE_DIR:?}/$name" 2>/dev/null
        done
        if rmdir -- "$STATE_DIR" 2>/dev/null; then
            say state_removed "$STATE_DIR"
        else
            fail e_state_remove "$STATE_DIR" "$PROGRAM"
        fi
    done <"$SCRATCH/states"
}
