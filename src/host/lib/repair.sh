# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Damaged and missing parts, made anew from recovery files (PAR2) by the par2 that travels in recovery/.
# Nothing that came is changed: par2 works in a folder of its own, on links to what is here. What it made
# gets its name when it is on the disk, and counts when this is run again.

# repair_parts [--to WORK] [FOLDER…]
repair_parts() {
    read_option repair --to "$@"
    shift "$taken"
    work=$value
    refuse_options repair "$@"
    [ "$#" -gt 0 ] || set -- "$HERE"
    work=${work:-$1/repaired}
    if [ -d "$work" ]; then
        at=$(readlink -f -- "$work")
        for folder in "$@"; do
            [ "$(readlink -f -- "$folder")" != "$at" ] || fail e_repair_same "$work"
        done
        # What was made by a run that was stopped counts.
        find_parts "$@" "$work"
    else
        find_parts "$@"
    fi
    hash_parts
    say_parts
    if [ "$MISSING,$DAMAGED" = none,none ] && ! [ -d "$work" ]; then
        say repair_nothing "$PART_COUNT"
        return
    fi
    { mkdir -p -- "$work" && [ -w "$work" ]; } 2>/dev/null || fail e_repair_to "$work"
    work=$(readlink -f -- "$work")
    # Two at once would destroy each other's work.
    joined=$work
    JOINING=$work/.repairing
    take_turn
    REPAIRING=$work/.repair
    if [ "$MISSING,$DAMAGED" = none,none ]; then
        say repair_done "$PART_COUNT" "$work" "$PROGRAM" "$* $work"
        return
    fi
    find_recovery
    list_broken
    need_repair_room
    link_parts
    run_par2
    keep_repaired
    find_parts "$@" "$work"
    hash_parts
    need_whole_parts
    say repaired "$(grep -c '' "$SCRATCH/broken")" "$work" "$PROGRAM" "$* $work"
}

# list_broken: writes the numbers of parts that are not here and whole to broken.
list_broken() {
    awk 'pass == 1 { whole[$1] = 1; next } !($1 in whole) { print $1 }' \
        pass=1 "$SCRATCH/whole-parts" pass=2 "$SCRATCH/slices" | write_scratch broken || exit 1
}

# find_recovery: copies recovery/ from one of the folders, as a medium may not let programs run.
find_recovery() {
    { cat "$SCRATCH/folders"; printf '%s\n' "$HERE"; } | write_scratch places || exit 1
    while IFS= read -r place; do
        [ -d "$place/recovery" ] || continue
        rm -rf -- "$SCRATCH/recovery"
        cp -R -- "$place/recovery" "$SCRATCH/recovery" 2>/dev/null && chmod -R u+rwx "$SCRATCH/recovery"
        grep '  recovery/' "$place/PARTS" 2>/dev/null | write_scratch sums-of-recovery || exit 1
        (cd "$SCRATCH" && sha256sum -c sums-of-recovery >/dev/null 2>&1) && return
    done <"$SCRATCH/places"
    fail e_repair_program
}

need_repair_room() {
    room=$(awk -v header="$HEADER_BYTES" 'pass == 1 { broken[$1] = 1; next } $1 in broken { n += $2 + header }
        END { printf "%.0f", n }' pass=1 "$SCRATCH/broken" pass=2 "$SCRATCH/slices")
    has_room "$work" || fail e_repair_room "$work" "$(human "$room")" "$(human "$FREE")"
}

# link_parts: what par2 works on, by the names that it knows: parts, also damaged ones, and recovery files.
link_parts() {
    rm -rf -- "$REPAIRING"
    { mkdir "$REPAIRING" && ln -s . "$REPAIRING/link"; } 2>/dev/null || fail e_repair_to "$work"
    rm "$REPAIRING/link"
    while IFS= read -r line; do
        ln -s "${line#* }" "$REPAIRING/$(name_of_part "${line%% *}")"
    done <"$SCRATCH/whole-parts"
    while IFS= read -r line; do
        split_line 4
        link_once "$rest" "$(name_of_part "$first")"
    done <"$SCRATCH/bad-parts"
    while IFS= read -r line; do
        case $line in
        'header '*) link_once "${line#* }" "${line##*/}" ;;
        esac
    done <"$SCRATCH/strange"
    while IFS= read -r folder; do
        for file in "$folder/$PART_PREFIX".*par2; do
            [ ! -f "$file" ] || link_once "$file" "${file##*/}"
        done
    done <"$SCRATCH/folders"
    set -- "$REPAIRING"/*.par2
    [ -f "$1" ] || fail e_repair_files "$PART_PREFIX"
    index=$1
}

link_once() {
    [ -h "$REPAIRING/$2" ] || ln -s "$1" "$REPAIRING/$2"
}

# choose_runner: sets runner to where par2 runs: the disk of temporary files may not let programs run.
choose_runner() {
    runner=$SCRATCH/recovery
    ! try_par2 || return 0
    runner=$REPAIRING/recovery
    cp -R -- "$SCRATCH/recovery" "$runner" 2>/dev/null || fail e_repair_to "$work"
    try_par2 || fail e_repair_runs "$(last_line "$(cat "$SCRATCH/par2")")"
}

try_par2() {
    "$runner/ld-linux-x86-64.so.2" --library-path "$runner" "$runner/par2" --version >"$SCRATCH/par2" 2>&1 </dev/null
}

run_par2() {
    choose_runner
    say repairing "$(grep -c '' "$SCRATCH/broken")" "$PART_COUNT"
    {
        mark .tar
        exec "$runner/ld-linux-x86-64.so.2" --library-path "$runner" "$runner/par2" repair -q -B "$REPAIRING" "$index"
    } >"$SCRATCH/par2" 2>&1 </dev/null &
    await $! && return
    more=$(sed -n 's/.*[Yy]ou need \([0-9]*\) more recovery blocks.*/\1/p' "$SCRATCH/par2")
    if [ -n "$more" ]; then
        # A part is eight blocks.
        fail e_repair_more "$PART_BUNDLE" "$(((more + 7) / 8))" "$PROGRAM"
    fi
    fail e_repair "$PART_BUNDLE" "$(last_line "$(cat "$SCRATCH/par2")")" "$PROGRAM"
}

# keep_repaired: what par2 made gets its place.
keep_repaired() {
    on_disk "$REPAIRING"
    while read -r number; do
        name=$(name_of_part "$number")
        mv -- "$REPAIRING/$name" "$work/$name" 2>/dev/null || fail e_repair_to "$work"
    done <"$SCRATCH/broken"
    rm -rf -- "$REPAIRING"
}
