# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Damaged and missing parts, made anew from recovery files (PAR2) by the par2 that travels in recovery/.
# Nothing that came is changed: par2 works in a folder of its own, on links to what is here.

# repair_parts [--to WORK] [FOLDER…]
repair_parts() {
    work=
    if [ "${1-}" = --to ]; then
        [ -n "${2-}" ] || misused e_value_needed repair --to "$PROGRAM"
        work=$2
        shift 2
    fi
    refuse_options repair "$@"
    [ "$#" -gt 0 ] || set -- "$HERE"
    find_parts "$@"
    hash_parts
    say_parts
    if [ "$MISSING,$DAMAGED" = none,none ]; then
        say repair_nothing "$PART_COUNT"
        return
    fi
    work=${work:-$1/repaired}
    { mkdir -p -- "$work" && [ -w "$work" ]; } 2>/dev/null || fail e_repair_to "$work"
    work=$(readlink -f -- "$work")
    ! grep -qxF -e "$work" "$SCRATCH/folders" || fail e_repair_same "$work"
    # Two at once would destroy each other's work.
    joined=$work
    JOINING=$work/.repairing
    take_turn
    find_recovery
    list_broken
    need_repair_room
    link_parts
    run_par2
    while read -r number; do
        name=$(name_of_part "$number")
        mv -- "$work/.repair/$name" "$work/$name" 2>/dev/null || fail e_repair_to "$work"
    done <"$SCRATCH/broken"
    rm -rf -- "$work/.repair"
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
    while read -r place; do
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
    find_free "$work"
    [ -z "$FREE" ] || [ "$FREE" -ge "$room" ] || fail e_join_room "$work" "$(human "$room")" "$(human "$FREE")"
}

# link_parts: what par2 works on, by the names that it knows: parts, also damaged ones, and recovery files.
link_parts() {
    rm -rf -- "$work/.repair"
    { mkdir "$work/.repair" && ln -s . "$work/.repair/link"; } 2>/dev/null || fail e_repair_to "$work"
    rm "$work/.repair/link"
    while read -r number path; do
        ln -s "$path" "$work/.repair/$(name_of_part "$number")"
    done <"$SCRATCH/whole-parts"
    awk '{ n = $1; sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, ""); print n, $0 }' "$SCRATCH/bad-parts" |
        while read -r number path; do
            link_once "$path" "$(name_of_part "$number")"
        done
    while read -r path; do
        link_once "$path" "${path##*/}"
    done <"$SCRATCH/strange"
    while read -r folder; do
        for file in "$folder/$PART_PREFIX".*par2; do
            [ ! -f "$file" ] || link_once "$file" "${file##*/}"
        done
    done <"$SCRATCH/folders"
    set -- "$work/.repair"/*.par2
    [ -f "$1" ] || fail e_repair_files "$PART_PREFIX"
    index=$1
}

link_once() {
    [ -h "$work/.repair/$2" ] || ln -s "$1" "$work/.repair/$2"
}

run_par2() {
    say repairing "$(grep -c '' "$SCRATCH/broken")" "$PART_COUNT"
    "$SCRATCH/recovery/ld-linux-x86-64.so.2" --library-path "$SCRATCH/recovery" "$SCRATCH/recovery/par2" \
        repair -q -B "$work/.repair" "$index" >"$SCRATCH/par2" 2>&1 </dev/null &
    wait_process $! && return
    more=$(sed -n 's/.*[Yy]ou need \([0-9]*\) more recovery blocks.*/\1/p' "$SCRATCH/par2")
    if [ -n "$more" ]; then
        rm -rf -- "$work/.repair"
        # A part is eight blocks.
        fail e_repair_more "$PART_BUNDLE" "$(((more + 7) / 8))" "$PROGRAM"
    fi
    fail e_repair "$PART_BUNDLE" "$(last_line "$(cat "$SCRATCH/par2")")" "$PROGRAM"
}
