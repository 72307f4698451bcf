# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# uninstall: what the bundle has left in Docker and, with --purge, the state.

# uninstall [--purge [--yes]]
uninstall() {
    purge='' sure='' failed=
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
        if docker_ image rm "$image" >/dev/null; then
            say image_removed "$image"
        else
            failed="$failed $image"
        fi
    done
    [ -n "$purge" ] || [ ! -e "$STATE_DIR" ] || say state_stays "$STATE_DIR" "$PROGRAM"
    say folder_stays "$HERE" "$HERE"
    [ -z "$failed" ] || fail e_uninstall "${failed# }" "$PROGRAM uninstall${purge:+ --purge}"
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

# remove_state: only what this program made, in a folder that may hold other things too, which are named.
remove_state() {
    need_scratch
    states >"$SCRATCH/states"
    while IFS= read -r STATE_DIR; do
        set --
        for name in $STATE_NAMES; do
            ! is_made "$name" || set -- "$@" "$name"
        done
        if is_made passwords; then set -- "$@" .passwords.new .first-password.new; fi
        if is_made versions; then set -- "$@" versions.new; fi
        ! have_image || on_state state_files empty "$@" </dev/null >/dev/null 2>&1
        stuck=
        for name in "$@"; do
            rm -rf -- "${STATE_DIR:?}/$name" || stuck=1
        done
        if [ -n "$stuck" ]; then
            failed="$failed $STATE_DIR"
            continue
        fi
        rm -f -- "$STATE_DIR/.airgap-made"
        left=$(ls -A -- "$STATE_DIR")
        if [ -n "$left" ]; then
            say state_left "$STATE_DIR"
            printf '%s\n' "$left" | sed 's/^/  /'
        elif rmdir -- "$STATE_DIR"; then
            say state_removed "$STATE_DIR"
        else
            failed="$failed $STATE_DIR"
        fi
    done <"$SCRATCH/states"
}
