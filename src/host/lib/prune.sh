# shellcheck shell=sh disable=SC2034,SC2153,SC2154  # shared by the pieces
# prune: frees the disk of versions that neither what serves nor `rollback` needs: their images, and of
# their folders what MANIFEST lists. What else is in such a folder is not the bundle's, and stays. So does an
# image that STATE_DIR/versions does not list: what never was up here may be the only copy of what is next.

# prune: ends with 1 if something could not be removed.
prune() {
    read_manifest
    need_scratch
    find_versions
    require_its_state
    find_before
    find_kept
    failed='' FREED_FOLDERS=0 FREED_IMAGES=0 PRUNED=
    prune_images
    prune_folders
    if [ -z "$PRUNED$failed" ]; then
        say nothing_to_prune "$BUNDLE"
        return
    fi
    [ -z "$PRUNED" ] || say pruned "$(human "$FREED_IMAGES")" "$(human "$FREED_FOLDERS")"
    [ -z "$failed" ] || fail e_prune "$PROGRAM"
}

# require_its_state: only the list of versions in the state of what serves says what rollback needs.
require_its_state() {
    require_open "$STATE_DIR"
    require_versions
    [ -n "$CONTAINERS" ] || return 0
    state=$(docker_ inspect --format '{{index .Config.Labels "airgap.state"}}' "${CONTAINERS%%|*}" 2>/dev/null)
    [ -z "$state" ] || [ "$(readlink -f -- "$state")" = "$STATE_DIR" ] ||
        fail e_prune_state "$state" "$STATE_DIR" "$CONF"
}

# find_kept: sets KEPT to the digests of versions that stay, and writes to $SCRATCH the images that stay
# (images) and those of other versions that were up here (old-images).
# This folder's own stays too: it may be the next.
find_kept() {
    KEPT="$BUNDLE_DIGEST ${THERE:-$(last_version)} $PREVIOUS $BEFORE $(
        printf '%s\n' "$CONTAINERS" | sed 's/^[^|]*|\([^|]*\)|.*/\1/' | tr '\n' ' '
    )"
    {
        echo "$IMAGE"
        docker_ ps -a --filter "label=airgap.bundle=$BUNDLE" --format '{{.Image}}'
        list_versions | while read -r digest when image folder; do
            ! is_kept "$digest" || echo "$image"
        done
    } | write_scratch images || exit 1
    list_versions | awk '{ print $3 }' | write_scratch old-images || exit 1
}

# is_kept DIGEST
is_kept() {
    case " $KEPT " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# prune_images: adds what it frees to FREED_IMAGES; layers that another image has are not freed.
prune_images() {
    : >"$SCRATCH/layers"
    : >"$SCRATCH/stuck"
    for image in $(docker_ images --format '{{.Repository}}:{{.Tag}}' "${IMAGE%:*}"); do
        case $image in
        *'<none>') continue ;;
        esac
        ! grep -qxF -- "$image" "$SCRATCH/images" || continue
        if ! grep -qxF -- "$image" "$SCRATCH/old-images"; then
            say image_stays "$image" "$STATE_DIR/versions" "$image"
            continue
        fi
        list_layers "$image" >"$SCRATCH/its-layers"
        if answer=$(docker_ image rm "$image" 2>&1); then
            PRUNED=1
            cat "$SCRATCH/its-layers" >>"$SCRATCH/layers"
            say pruned_image "$image"
        else
            failed=1
            echo "$image" >>"$SCRATCH/stuck"
            say not_pruned "$image" "$(last_line "$answer")" >&2
        fi
    done
    [ -s "$SCRATCH/layers" ] || return 0
    # shellcheck disable=SC2046  # ids have no blanks
    docker_ image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' \
        "$IMAGE" $(docker_ images -q --no-trunc) 2>/dev/null | sort -u >"$SCRATCH/layers-left"
    FREED_IMAGES=$(sort -u "$SCRATCH/layers" | awk '
        pass == 1 { left[$1] = 1; next }
        !($1 in left) { n += $2 }
        END { printf "%.0f", n }' pass=1 "$SCRATCH/layers-left" pass=2 -)
}

# list_layers IMAGE: each layer's digest and its size in bytes. Docker tells them apart: the digests from
# the lowest on, the sizes from the highest on. In images of a bundle no step is without a layer.
list_layers() {
    docker_ image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$1" | awk NF >"$SCRATCH/digests"
    docker_ history --no-trunc --human=false --format '{{.Size}}' "$1" | awk '
        pass == 1 { size[++n] = $1; next }
        { print $1, size[n - FNR + 1] }' pass=1 - pass=2 "$SCRATCH/digests"
}

# prune_folders: of versions that came up here once.
prune_folders() {
    list_versions | write_scratch versions || exit 1
    lines=$(cat "$SCRATCH/versions")
    # By another descriptor: commands in the loop must not read the list.
    while read -r digest when image folder <&3; do
        ! is_kept "$digest" || continue
        # Else a second run would not know that the image may go.
        ! grep -qxF -- "$image" "$SCRATCH/stuck" || continue
        # Another version may have taken the place, or somebody moved or removed it: then only the line goes.
        if [ "$folder" != "$HERE" ] && [ "$(digest_in "$folder")" = "$digest" ]; then
            prune_folder "$folder" || continue
        fi
        lines=$(printf '%s\n' "$lines" | awk -v digest="$digest" '$1 != digest')
    done 3<"$SCRATCH/versions"
    [ "$lines" = "$(cat "$SCRATCH/versions")" ] || write_versions "$lines"
}

# prune_folder FOLDER: removes what its MANIFEST lists; MANIFEST last, so that a killed run goes on. Links
# to folders are not followed: behind one may be another version. A file that has names elsewhere frees
# nothing.
prune_folder() {
    (cd "$1" && find . \( -type f -o -type l \) -exec stat -c '%i %h %s %n' {} +) >"$SCRATCH/found"
    awk -v list="$SCRATCH/doomed" 'BEGIN { printf "" >list }
        pass == 1 {
            sub(/^[^ ]* [^ ]* /, "")
            listed[$0] = 1
            next
        }
        {
            inode = $1; names = $2; size = $3
            sub(/^[^ ]* [^ ]* [^ ]* \.\//, "")
            if (!($0 in listed) && $0 !~ /^pex\/[^\/]*\/__pycache__\//) next
            print "./" $0 >list
            if (++seen[inode] == names) n += size
        }
        END { printf "%.0f\n", n }' pass=1 "$1/MANIFEST" pass=2 "$SCRATCH/found" >"$SCRATCH/freed"
    if ! answer=$({ tr '\n' '\0' <"$SCRATCH/doomed" | (cd "$1" && xargs -0 rm -f --); } 2>&1); then
        failed=1
        say not_pruned "$1" "$(last_line "$answer")" >&2
        return 1
    fi
    (cd "$1" && find . -depth -mindepth 1 -type d -exec rmdir {} + 2>/dev/null)
    rm -f -- "$1/MANIFEST" "$1/MANIFEST.minisig"
    PRUNED=1
    FREED_FOLDERS=$(awk -v n="$FREED_FOLDERS" '{ printf "%.0f", n + $1 }' "$SCRATCH/freed")
    say pruned_folder "$1" "$(human "$(cat "$SCRATCH/freed")")"
    rmdir -- "$1" 2>/dev/null || say prune_left "$1"
}
