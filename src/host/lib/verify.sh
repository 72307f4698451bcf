# shellcheck shell=sh
# verify, and a quick look at single folders of the bundle.

# verify_bundle: reads every byte of the bundle once, on all cores. Ends with 1 on any problem.
verify_bundle() {
    need_scratch
    read_manifest
    compare_sizes "$HERE" "$HERE/MANIFEST"
    compare_hashes "$HERE"
    accept_loaded_image
    count=$(grep -c '' "$SCRATCH/problems")
    print_problems <"$SCRATCH/problems"
    if [ "$count" -gt 0 ]; then
        fail e_verify "$HERE" "$count" "$BUNDLE_DIGEST"
    fi
    if [ "$LINKS_TO_FILES" -gt 0 ]; then
        say verified_links "$FILES" "$LINKS_TO_FILES" "$(human "$BYTES")" "$BUNDLE_DIGEST"
    else
        say verified "$FILES" "$(human "$BYTES")" "$BUNDLE_DIGEST"
    fi
}

# accept_loaded_image: a bundle that was joined with --load has its image in Docker alone.
accept_loaded_image() {
    grep -q '^missing - - image/' "$SCRATCH/problems" && ! [ -e "$HERE/image" ] || return 0
    loaded=$(loaded_image)
    [ -n "$loaded" ] || return 0
    others=$(grep -v '^missing - - image/' "$SCRATCH/problems")
    : >"$SCRATCH/problems"
    if [ -n "$others" ]; then
        printf '%s\n' "$others" >"$SCRATCH/problems"
        check_written "$SCRATCH/problems" "$((${#others} + 1))"
    fi
    say verified_image "$loaded"
}

# loaded_image: the reference of the bundle's image if Docker has it, or nothing.
loaded_image() {
    (load_settings && have_image && echo "$IMAGE") 2>/dev/null
}

# check_parts PATH…: by size alone, without reading: are the listed files under these folders all there?
check_parts() {
    need_scratch
    read_manifest
    compare_sizes "$HERE" "$HERE/MANIFEST"
    in_parts=$(
        for part in "$@"; do
            part=$part awk '$1 != "extra" {
                path = $0
                sub(/^[^ ]* [^ ]* [^ ]* /, "", path)
                if (index(path, ENVIRON["part"] "/") == 1) print
            }' "$SCRATCH/problems"
        done
    )
    [ -n "$in_parts" ] || return 0
    printf '%s\n' "$in_parts" | print_problems >&2
    fail e_damaged "$HERE" "$PROGRAM"
}

# read_manifest: sets BUNDLE_DIGEST, which is the sha256 of MANIFEST, and checks the file's form.
read_manifest() {
    [ -r "$HERE/MANIFEST" ] || fail e_no_manifest "$HERE"
    bad=$(awk '{
            path = $0
            sub(/^[^ ]* [^ ]* /, "", path)
        }
        NR == 1 ? $0 != "airgap-manifest 1" : length($1) != 64 || $1 ~ /[^0-9a-f]/ || \
            $2 !~ /^(0|[1-9][0-9]*)$/ || NF < 3 || seen[path]++ || \
            "/" path "/" ~ /\/\.?\.?\// || path ~ /[\001-\037\177]/ {
            bad = NR
            exit
        }
        END { if (bad || NR < 2) print bad + !bad }' "$HERE/MANIFEST")
    [ -z "$bad" ] || fail e_manifest_form "$HERE/MANIFEST" "$bad"
    sum=$(sha256sum <"$HERE/MANIFEST")
    BUNDLE_DIGEST=sha256:${sum%% *}
}
