# shellcheck shell=sh disable=SC2034,SC2153,SC2154  # shared by the pieces
# Which versions of this bundle serve and served here. A version is known by the bundle's digest.
# STATE_DIR/versions remembers them, the one that came up last at the end:
#   airgap-versions 1
#   sha256:<64 hex> <when it came up, UTC> <image> <folder>
# Docker tells what is there now: each container has the labels airgap.digest and airgap.folder. One
# whose name ends in .previous (which no service's name does) waits until another version answers.
# The bundle's own compose.yaml cannot have its digest, as a file of what that is of; docker compose labels
# its containers with the folder that it was called in, and MANIFEST there tells.

# list_versions: prints the file's lines, the oldest first.
list_versions() {
    [ ! -r "$STATE_DIR/versions" ] || awk 'NR > 1 && NF > 3' "$STATE_DIR/versions"
}

# require_versions: before anything relies on the list, or writes it anew.
require_versions() {
    [ ! -e "$STATE_DIR/versions" ] || [ -r "$STATE_DIR/versions" ] ||
        fail e_state_closed "$STATE_DIR/versions" "$(id -u)"
}

last_version() {
    list_versions | awk '{ digest = $1 } END { print digest }'
}

# find_versions: sets what Docker has of this bundle: in THERE and THERE_FOLDER the version that serves;
# in OTHERS the names of containers of versions other than this one, in OTHER and OTHER_FOLDER which;
# in PREVIOUS_NAMES those that wait, in PREVIOUS and PREVIOUS_FOLDER of which version; in CONTAINERS all,
# as lines NAME|DIGEST|FOLDER. Writes no file, because going back must work on a full disk.
find_versions() {
    THERE='' THERE_FOLDER='' OTHERS='' OTHER='' OTHER_FOLDER=''
    PREVIOUS_NAMES='' PREVIOUS='' PREVIOUS_FOLDER=''
    CONTAINERS=$(docker_ ps -a --filter "label=airgap.bundle=$BUNDLE" \
        --format '{{.Names}}|{{.Label "airgap.digest"}}|{{or (.Label "airgap.folder") (.Label "com.docker.compose.project.working_dir")}}')
    while IFS='|' read -r name digest folder; do
        [ -n "$digest" ] || [ -z "$folder" ] || digest=$(digest_in "$folder")
        # Programs before this one did not label containers so.
        digest=${digest:-unknown}
        case $name in
        '') ;;
        *.previous) PREVIOUS_NAMES="$PREVIOUS_NAMES $name" PREVIOUS=$digest PREVIOUS_FOLDER=$folder ;;
        *)
            THERE=$digest THERE_FOLDER=$folder
            [ "$digest" != "${BUNDLE_DIGEST-}" ] || continue
            OTHERS="$OTHERS $name" OTHER=$digest OTHER_FOLDER=$folder
            ;;
        esac
    done <<CONTAINERS
$CONTAINERS
CONTAINERS
}

# find_before: after find_versions; sets BEFORE and BEFORE_FOLDER to the version to go back to, if any.
find_before() {
    BEFORE='' BEFORE_FOLDER=''
    if [ -n "$PREVIOUS_NAMES" ] && ! switch_is_over; then
        BEFORE=$PREVIOUS BEFORE_FOLDER=$PREVIOUS_FOLDER
        return
    fi
    now=${THERE:-$(last_version)}
    while read -r digest when image folder; do
        [ "$digest" = "$now" ] || BEFORE=$digest BEFORE_FOLDER=$folder
    done <<VERSIONS
$(list_versions)
VERSIONS
}

# switch_is_over: after find_versions; did all of the new version answer, so that what waits is no
# longer needed? That is when it is recorded.
switch_is_over() {
    last=$(last_version)
    [ -n "$last" ] && [ "$THERE" = "$last" ] && [ "$PREVIOUS" != "$last" ]
}

# record_version: puts this version at the end of the file; before it the one that it took the place of.
record_version() {
    now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    read -r digest when image folder <<LAST
$(list_versions | tail -n 1)
LAST
    [ "$digest $image $folder" != "$BUNDLE_DIGEST $IMAGE $HERE" ] || return 0
    write_versions "$(
        list_versions | awk -v digest="$BUNDLE_DIGEST" '$1 != digest'
        case ${SWITCHING:+$OTHER} in
        sha256:*)
            list_versions | grep -q "^$OTHER " ||
                printf '%s\n' "$OTHER $now $(image_of "${OTHERS##* }.previous") $OTHER_FOLDER"
            ;;
        esac
        printf '%s\n' "$BUNDLE_DIGEST $now $IMAGE $HERE"
    )"
}

# write_versions LINES: puts these in place of what the file has.
write_versions() {
    answer=$(printf 'airgap-versions 1\n%s\n' "$1" | on_state versions 2>&1) ||
        fail e_versions "$STATE_DIR/versions" "$(last_line "$answer")"
}

# image_of CONTAINER: the reference by which it was made.
image_of() {
    docker_ inspect --format '{{.Config.Image}}' "$1"
}

# digest_in FOLDER: of the version that is there now, or nothing.
digest_in() {
    [ -r "$1/MANIFEST" ] || return 0
    sum=$(sha256sum <"$1/MANIFEST")
    echo "sha256:${sum%% *}"
}
