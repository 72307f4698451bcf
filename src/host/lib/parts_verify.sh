# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# Are the parts of a transfer all here and whole? What is not is told, with what an operator may wonder about.

# verify_parts [--receipt FILE] [FOLDER…]: hashes every part. Ends with 1 unless all are here and whole.
verify_parts() {
    read_option verify --receipt "$@"
    shift "$taken"
    receipt=$value
    refuse_options verify "$@"
    [ "$#" -gt 0 ] || set -- "$HERE"
    find_parts "$@"
    hash_parts
    say_parts
    give_receipt "$receipt"
    say_beside
    need_whole_parts
    say parts_verified "$PART_COUNT" "$(human "$STREAM_BYTES")" "$PART_BUNDLE" "sha256:$PART_DIGEST"
}

# read_option COMMAND OPTION [ARGUMENT…]: sets value to what follows the option, if that is the first of the
# arguments, and taken to how many these are.
read_option() {
    value='' taken=0
    [ "${3-}" = "$2" ] || return 0
    [ -n "${4-}" ] || misused e_value_needed "$1" "$2" "$PROGRAM"
    value=$4 taken=2
}

# refuse_options COMMAND [FOLDER…]
refuse_options() {
    command=$1
    shift
    for folder in "$@"; do
        case $folder in
        -*) misused e_extra_argument "$command" "$folder" "$PROGRAM" ;;
        esac
    done
}

# hash_parts: reads every part of the transfer once, on all cores. Writes to $SCRATCH
#   whole-parts "<n> <path>" of one file for each part that is here and whole, in order
#   bad-parts   "<n> size <expected> <found> <path>" or "<n> hash - - <path>" of those that are not
# and sets MISSING and DAMAGED to numbers and ranges such as "3 7-9", or none.
hash_parts() {
    : >"$SCRATCH/to-hash"
    awk -v header="$HEADER_BYTES" -v right="$SCRATCH/to-hash" '
        FNR == NR { size[$1] = $2 + header; next }
        {
            number = $1
            found = $2
            path = $0
            sub(/^[^ ]* [^ ]* /, "", path)
            if (found != size[number]) printf "%s size %.0f %s %s\n", number, size[number], found, path
            else print path >right
        }' "$SCRATCH/slices" "$SCRATCH/parts" >"$SCRATCH/bad-parts"
    count=$(grep -c '' "$SCRATCH/to-hash")
    say parts_hashing "$count" "$PART_COUNT" "$(human "$STREAM_BYTES")"
    hash_from "$HEADER_BYTES"
    awk -v bad="$SCRATCH/bad-parts" '
        pass == 1 { sum[$1] = $3; next }
        pass == 2 { path = $0; sub(/^[^ ]* /, "", path); found[path] = $1; next }
        {
            number = $1
            path = $0
            sub(/^[^ ]* [^ ]* /, "", path)
            if (!(path in found)) next
            if (found[path] != sum[number]) print number " hash - - " path >>bad
            else if (!seen[number]++) print number, path
        }' pass=1 "$SCRATCH/slices" pass=2 "$SCRATCH/part-sums-all" pass=3 "$SCRATCH/parts" | sort -n |
        write_scratch whole-parts || exit 1
    MISSING=$(lacking "$SCRATCH/whole-parts" "$SCRATCH/bad-parts")
    DAMAGED=$(awk 'pass == 1 { whole[$1] = 1; next } !($1 in whole) { print $1 }' \
        pass=1 "$SCRATCH/whole-parts" pass=2 "$SCRATCH/bad-parts" | ranges)
}

# hash_from OFFSET: writes "<sha256> <path>" of each file in to-hash, from this byte on, to part-sums-all.
hash_from() {
    count=$(grep -c '' "$SCRATCH/to-hash")
    rm -rf -- "$SCRATCH/part-sums"
    mkdir "$SCRATCH/part-sums"
    if [ -t 2 ]; then
        while sleep 1; do
            progress parts_progress "$(cat "$SCRATCH"/part-sums/* 2>/dev/null | grep -c '')" "$count"
        done &
        TICKER=$!
    fi
    if [ "$count" -gt 0 ]; then
        # shellcheck disable=SC2016  # expanded by the inner sh
        tr '\n' '\0' <"$SCRATCH/to-hash" | xargs -0 -n 1 -P "$(nproc)" sh -c '
            sum=$({ dd bs=512 skip="$1" count=0 && $SHA256; } <"$2" 2>/dev/null)
            printf "%s %s\n" "${sum%% *}" "$2" >>"$0/$$"' "$SCRATCH/part-sums" "$(($1 / 512))" &
        await $! || fail e_scratch "$SCRATCH"
    fi
    [ -z "$TICKER" ] || kill "$TICKER" 2>/dev/null
    TICKER=
    end_progress
    cat "$SCRATCH"/part-sums/* 2>/dev/null | write_scratch part-sums-all || exit 1
}

# lacking FILE…: the numbers that are the first field of no line of these.
lacking() {
    cat "$@" | awk -v count="$PART_COUNT" '{ seen[$1] = 1 }
        END { for (n = 1; n <= count; n++) if (!(n in seen)) print n }' | ranges
}

# ranges: numbers, one a line, as "3 7-9", or none.
ranges() {
    sort -nu | awk '
        function put() { printf "%s%s", (n++ ? " " : ""), (from == to ? from : from "-" to) }
        NR > 1 && $1 == to + 1 { to = $1; next }
        { if (NR > 1) put(); from = to = $1 }
        END { if (NR) put(); else printf "none" }'
}

# need_whole_parts: ends the program where a part is missing or damaged.
need_whole_parts() {
    [ "$MISSING,$DAMAGED" != none,none ] || return 0
    fail e_parts "$PART_BUNDLE" "$MISSING" "$DAMAGED" "$PART_COUNT" "$PROGRAM"
}

# say_parts: what is not as it should be, and what an operator may wonder about.
say_parts() {
    print_strange
    # A path may end with blanks, which read would take off.
    while IFS= read -r line; do
        split_line 3
        say part_foreign "$rest" "$second" \
            "$(sed -n '2s/^bundle //p' "$SCRATCH/transfers/$first" | sed 's/ sha256:\(.\{12\}\).*/ \1/')"
    done <"$SCRATCH/foreign"
    while IFS= read -r line; do
        split_line 4
        case $second in
        size) say part_size "$first" "$rest" "$third" "$fourth" ;;
        *) say part_changed "$first" "$rest" ;;
        esac
    done <"$SCRATCH/bad-parts"
    awk '
        pass == 1 { path = $0; sub(/^[^ ]* /, "", path); whole[$1] = path; next }
        {
            path = $0
            sub(/^[^ ]* [^ ]* /, "", path)
            if ($1 in whole && whole[$1] != path) print $1, path
        }' pass=1 "$SCRATCH/whole-parts" pass=2 "$SCRATCH/parts" | while IFS= read -r line; do
        say part_twice "${line%% *}" "${line#* }"
    done
    while IFS= read -r line; do
        number=${line%% *}
        name=$(name_of_part "$number")
        [ "${line##*/}" = "$name" ] || say part_renamed "$number" "${line#* }" "$name"
    done <"$SCRATCH/whole-parts"
    [ "$MISSING" = none ] || say part_missing "$MISSING" "$PART_COUNT"
}

print_strange() {
    while IFS= read -r line; do
        say "part_strange_${line%% *}" "${line#* }"
    done <"$SCRATCH/strange"
}

# split_line N: the first N fields of line, as first, second …, and the rest of it, with all its blanks.
split_line() {
    rest=$line
    for field in first second third fourth; do
        [ "$1" != 0 ] || return 0
        set -- "$(($1 - 1))"
        eval "$field=\${rest%% *}"
        rest=${rest#* }
    done
}
