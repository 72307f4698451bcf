# shellcheck shell=sh disable=SC2154  # shared by the pieces
# What travels beside the parts: recovery files, the program that repairs, this program, the plan of media.
# PARTS lists all of them with sha256, as sha256sum prints it. Joining needs none of them, so what is wrong
# with them is told and is no error; but it is told while there is time to have them sent again.

# say_beside: compares what is in the folders with parts, and beside this program, with PARTS.
say_beside() {
    { cat "$SCRATCH/folders"; printf '%s\n' "$HERE"; } | awk '!seen[$0]++' | write_scratch places || exit 1
    : >"$SCRATCH/listed"
    BESIDE=0
    recovery=
    while IFS= read -r place; do
        [ ! -f "$place/PARTS" ] || read_list "$place/PARTS"
        for file in "$place/$PART_PREFIX".*par2 "$place/recovery"; do
            [ ! -e "$file" ] || recovery=$file
        done
    done <"$SCRATCH/places"
    if [ -n "$recovery" ] && ! [ -s "$SCRATCH/listed" ]; then
        tell_beside list_missing "$recovery"
    fi
    compare_listed
    [ "$BESIDE" -eq 0 ] || say beside_wrong "$BESIDE"
}

# tell_beside KIND PATH
tell_beside() {
    say "beside_$1" "$2"
    BESIDE=$((BESIDE + 1))
}

# read_list FILE: adds the lines of PARTS to listed, if it is of this transfer.
read_list() {
    prefix="  $PART_PREFIX." awk '
        length($1) != 64 || $1 ~ /[^0-9a-f]/ || substr($0, 65, 2) != "  " || length($0) < 67 || /[\001-\037\177]/ { bad = 1; exit }
        index($0, ENVIRON["prefix"]) == 65 { mine = 1 }
        { line[NR] = $0 }
        END {
            if (bad || !NR) exit 1
            if (mine) for (i = 1; i <= NR; i++) print line[i]
        }' "$1" 2>/dev/null >"$SCRATCH/list" || : >"$SCRATCH/bad-list"
    # Of a file that was cut the last line has no end.
    if [ -e "$SCRATCH/bad-list" ] || [ -n "$(tail -c 1 <"$1")" ]; then
        rm -f -- "$SCRATCH/bad-list"
        tell_beside list "$1"
        return
    fi
    cat "$SCRATCH/listed" "$SCRATCH/list" | awk '!seen[$0]++' | write_scratch listed.new || exit 1
    mv "$SCRATCH/listed.new" "$SCRATCH/listed"
}

# compare_listed: of each file that is listed and is no part, is a whole copy here?
compare_listed() {
    awk '
        pass == 1 { place[++n] = $0; next }
        {
            name = substr($0, 67)
            if (name ~ /\.part$/ || ("/" name "/") ~ /\/\.?\.?\//) next
            for (i = 1; i <= n; i++) print $1, (name == "PLAN.txt" || name == "airgap-parts"), place[i] "/" name
        }' pass=1 "$SCRATCH/places" pass=2 "$SCRATCH/listed" | write_scratch beside || exit 1
    while IFS= read -r line; do
        [ ! -f "${line#* ? }" ] || printf '%s\n' "${line#* ? }"
    done <"$SCRATCH/beside" | write_scratch to-hash || exit 1
    [ ! -s "$SCRATCH/to-hash" ] || say beside_hashing "$(grep -c '' "$SCRATCH/to-hash")"
    hash_from 0
    # A file has a line in beside for each place, one after the other.
    awk '
        function put(    i) {
            if (!there && !needless) missing[++lacking] = path
            if (there && !needless) some = 1
            for (i = 1; i <= bad; i++) print (whole ? "copy" : "damaged"), wrong[i]
            there = whole = bad = 0
        }
        pass == 1 { sum = $1; sub(/^[^ ]* /, ""); found[$0] = sum; next }
        pass == 2 { places = FNR; next }
        {
            sum = $1
            needless = $2
            sub(/^[^ ]* [^ ]* /, "")
            path = $0
            if (path in found) {
                there = 1
                if (found[path] == sum) whole = 1
                else wrong[++bad] = path
            }
            if (FNR % places == 0) put()
        }
        END {
            if (lacking && !some) print "none", missing[1]
            for (i = 1; some && i <= lacking; i++) print "missing", missing[i]
        }' pass=1 "$SCRATCH/part-sums-all" pass=2 "$SCRATCH/places" pass=3 "$SCRATCH/beside" |
        write_scratch beside-bad || exit 1
    while IFS= read -r line; do
        kind=${line%% *}
        path=${line#* }
        case $kind,$path in
        none,* | copy,*) ;;
        *.par2) kind=${kind}_recovery ;;
        */recovery/*) kind=${kind}_repair ;;
        */airgap-parts) kind=${kind}_program ;;
        *) kind=${kind}_paper ;;
        esac
        tell_beside "$kind" "$path"
    done <"$SCRATCH/beside-bad"
}
