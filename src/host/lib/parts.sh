# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The parts in which a bundle was carried. A part is a header of text, filled up with line feeds to a
# multiple of 4096 bytes, and a slice of the stream:
#   airgap-part 1
#   bundle <name> sha256:<of MANIFEST>
#   part <n> of <count>
#   header <bytes of the header>
#   stream <bytes of the stream>
#   image <offset> <bytes>           where the image lies in the stream, at its end; not where there is none
#   delta sha256:<of the inventory>  only in a delta
#   <n> <bytes> <sha256>             the slice of each part, in order
#   end <sha256 of the lines above>
# Headers of one transfer are the same but for the lines `part` and `end`. Media are carried by hand, so
# nothing in a header is believed before its form is checked, and no file is known by its name.

NEWLINE='
'

# find_parts FOLDER…: looks at each file in the folders, at nothing below them. Sets what the headers say
# of the transfer (PART_BUNDLE, PART_DIGEST, PART_COUNT, HEADER_BYTES, STREAM_BYTES, IMAGE_AT or empty,
# DELTA_OF or empty, PART_PREFIX) and writes to $SCRATCH
#   slices   "<n> <bytes> <sha256>" of each part of the transfer
#   parts    "<n> <bytes of the file> <path>" of the files that are parts of it
#   foreign  "<transfer> <n> <bytes of the file> <path>" of parts of other transfers
#   strange  "<why> <path>" of what is no part, though it is named so
find_parts() {
    need_scratch
    rm -rf -- "$SCRATCH/transfers"
    mkdir "$SCRATCH/transfers"
    : >"$SCRATCH/folders"
    : >"$SCRATCH/all"
    : >"$SCRATCH/strange"
    for folder in "$@"; do
        at=$(readlink -f -- "$folder")
        { [ -d "$at" ] && [ -r "$at" ] && [ -x "$at" ]; } || fail e_parts_folder "$folder"
        case $at in *"$NEWLINE"*) fail e_parts_folder "$folder" ;; esac
        # One folder may be named twice.
        grep -qxF -e "$at" "$SCRATCH/folders" && continue
        printf '%s\n' "$at" >>"$SCRATCH/folders"
        for file in "${at%/}"/* "${at%/}"/.[!.]*; do
            look_at_part "$file"
        done
    done
    choose_transfer "$*"
}

# look_at_part FILE: adds "<transfer> <n> <bytes of the file> <path>" to $SCRATCH/all if it is a part. A copy
# may have got any name, so whatever has ".part" in it is told where it is none.
look_at_part() {
    named=
    case ${1##*/} in
    ._*) ;; # beside each file on a medium that a Mac wrote
    *.[Pp][Aa][Rr][Tt] | *.[Pp][Aa][Rr][Tt][!A-Za-z]*) named=1 ;;
    esac
    if ! [ -f "$1" ] || ! [ -r "$1" ]; then
        { [ -z "$named" ] || ! { [ -e "$1" ] || [ -h "$1" ]; }; } || note_strange unread "$1"
        return
    fi
    if [ "$(head -c 14 <"$1" 2>/dev/null | tr -d '\000')" != 'airgap-part 1' ]; then
        [ -z "$named" ] || note_strange header "$1"
        return
    fi
    case $1 in
    *"$NEWLINE"*)
        note_strange break "$1"
        return
        ;;
    esac
    if ! read_header "$1"; then
        note_strange header "$1"
        return
    fi
    transfer=$(sha256sum <"$SCRATCH/common")
    transfer=${transfer%% *}
    mv "$SCRATCH/common" "$SCRATCH/transfers/$transfer"
    printf '%s %s %s %s\n' "$transfer" "$number" "$(stat -L -c %s "$1")" "$1" 2>/dev/null >>"$SCRATCH/all" ||
        fail e_scratch "$SCRATCH"
}

# note_strange WHY FILE
note_strange() {
    printf '%s %s\n' "$1" "$(printf %s "$2" | tr '\n' '?')" 2>/dev/null >>"$SCRATCH/strange" ||
        fail e_scratch "$SCRATCH"
}

# read_header FILE: sets number, and writes the lines that all parts of the transfer share to
# $SCRATCH/common; fails where a line is not as it must be.
read_header() {
    header=$(head -c 4096 <"$1" | tr -d '\000' | awk 'NR == 4 && $1 == "header" { print $2 }')
    # Ten million bytes are the header of a hundred thousand parts.
    case $header in
    '' | 0* | *[!0-9]* | ????????*) return 1 ;;
    esac
    head -c "$header" <"$1" >"$SCRATCH/header"
    answer=$(awk -v size="$header" -v common="$SCRATCH/common" '
        function whole(text, digits) { return text ~ /^(0|[1-9][0-9]*)$/ && length(text) <= digits }
        function is_sum(text) { return length(text) == 64 && text !~ /[^0-9a-f]/ }
        function is_digest(text) { return substr(text, 1, 7) == "sha256:" && is_sum(substr(text, 8)) }
        function bad() { failed = 1; exit }
        # Fields, joined again, must be the line: no other blanks.
        { line = $1; for (i = 2; i <= NF; i++) line = line " " $i; if (line != $0) bad() }
        ended { if ($0 != "") bad(); next }
        { bytes += length($0) + 1 }
        NR == 1 { if ($0 != "airgap-part 1") bad() }
        NR == 2 {
            if (NF != 3 || $1 != "bundle" || !is_digest($3)) bad()
            if ($2 !~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/ || length($2) > 128) bad()
        }
        NR == 3 {
            if (NF != 4 || $1 != "part" || $3 != "of" || !whole($2, 6) || !whole($4, 6)) bad()
            number = $2
            count = $4
            if (number < 1 || number + 0 > count + 0) bad()
            print "parts " count >common
            next
        }
        NR == 4 { if (NF != 2 || $1 != "header" || $2 != size || size % 4096) bad() }
        NR == 5 {
            if (NF != 2 || $1 != "stream" || !whole($2, 15) || $2 % 512) bad()
            stream = $2
        }
        NR > 5 && $1 == "image" {
            if (NF != 3 || slices || image || delta || !whole($2, 15) || !whole($3, 15)) bad()
            if ($2 % 512 || $2 + $3 != stream) bad()
            image = 1
        }
        NR > 5 && $1 == "delta" {
            if (NF != 2 || slices || delta || !is_digest($2)) bad()
            delta = 1
        }
        $1 == "end" {
            if (NF != 2 || !is_sum($2) || slices != count || sum != stream) bad()
            ended = 1
            print number, bytes - length($0) - 1, $2
            next
        }
        NR > 5 && $1 != "image" && $1 != "delta" {
            if (NF != 3 || !whole($1, 6) || $1 != slices + 1 || !whole($2, 15) || $2 < 1 || !is_sum($3)) bad()
            slices++
            sum += $2
            if (slices == 1) usual = $2
            else if (slices < count ? $2 != usual : $2 + 0 > usual + 0) bad()
            if (slices < count && $2 % 4096) bad()
            if (slices > count + 0) bad()
        }
        { print >common }
        END { if (failed || !ended) exit 1 }' "$SCRATCH/header") || return 1
    number=${answer%% *}
    answer=${answer#* }
    sum=$(head -c "${answer% *}" <"$SCRATCH/header" | sha256sum)
    [ "${sum%% *}" = "${answer#* }" ]
}

# choose_transfer FOLDERS: of those that were found the one with the most parts.
choose_transfer() {
    if ! [ -s "$SCRATCH/all" ]; then
        print_strange
        fail e_parts_none "$1"
    fi
    transfer=$(awk '!seen[$1, $2]++ { n[$1]++ }
        END {
            for (id in n) if (n[id] > most) { most = n[id]; best = id } else if (n[id] == most) twice = most
            if (twice != most) print best
        }' "$SCRATCH/all")
    if [ -z "$transfer" ]; then
        for transfer in "$SCRATCH/transfers"/*; do
            say part_transfer "$(sed -n '2s/^bundle //p' "$transfer")" "$(sed -n 's/^parts //p' "$transfer")" >&2
        done
        fail e_parts_two "$1"
    fi
    header=$SCRATCH/transfers/$transfer
    PART_BUNDLE=$(awk 'NR == 2 { print $2 }' "$header")
    PART_DIGEST=$(awk 'NR == 2 { print substr($3, 8) }' "$header")
    PART_COUNT=$(awk 'NR == 3 { print $2 }' "$header")
    HEADER_BYTES=$(awk 'NR == 4 { print $2 }' "$header")
    STREAM_BYTES=$(awk 'NR == 5 { print $2 }' "$header")
    IMAGE_AT=$(awk '$1 == "image" { print $2 }' "$header")
    DELTA_OF=$(awk '$1 == "delta" { print substr($2, 8) }' "$header")
    PART_PREFIX=$PART_BUNDLE-$(cut12 "$PART_DIGEST")
    [ -z "$DELTA_OF" ] || PART_PREFIX=$PART_PREFIX-delta-$(printf %.8s "$DELTA_OF")
    awk '$1 ~ /^[0-9]/' "$header" | write_scratch slices || exit 1
    [ "$(grep -c '' "$SCRATCH/slices")" = "$PART_COUNT" ] || fail e_scratch "$SCRATCH"
    awk -v id="$transfer" '{ mine = $1 == id; sub(/^[^ ]* /, "") } mine' "$SCRATCH/all" |
        sort -snk1,1 | write_scratch parts || exit 1
    awk -v id="$transfer" '$1 != id' "$SCRATCH/all" | write_scratch foreign || exit 1
}

# cut12 DIGEST: as it stands in names.
cut12() {
    printf %.12s "$1"
}

# name_of_part N: as the sender named it.
name_of_part() {
    awk -v prefix="$PART_PREFIX" -v n="$1" -v count="$PART_COUNT" 'BEGIN {
        width = length(count) < 3 ? 3 : length(count)
        printf "%s.%0" width "d.part", prefix, n
    }'
}
