# shellcheck shell=sh
# Files against MANIFEST: "airgap-manifest 1", then "<sha256> <size> <path>" lines.
# A problem is a line "<kind> <expected size> <found size> <path>" in $SCRATCH/problems. No problems would
# mean that all is right: so it is counted what was to be written.

# compare_sizes FOLDER MANIFEST: writes problems, and the lines of files that are there with the right
# size to whole. What Python leaves beside a PEX that was run, and the operator's own settings, are not
# extra.
compare_sizes() {
    (
        cd "$1" || exit
        find -L . -type f -exec stat -L -c '%s %n' {} +
        find -L . ! -type d ! -type f | sed 's/^/- /' # links to nowhere, sockets and the like
        echo end
    ) >"$SCRATCH/found"
    [ "$(tail -n 1 "$SCRATCH/found")" = end ] || fail e_scratch "$SCRATCH"
    written=$(awk -v whole="$SCRATCH/whole" -v problems="$SCRATCH/problems" '
        function problem(line) {
            print line >problems
            written += length(line) + 1
        }
        BEGIN { printf "" >problems; printf "" >whole }
        pass == 1 {
            if ($0 == "end") next
            path = $0
            sub(/^[^ ]* \.\//, "", path)
            found[path] = $1
            next
        }
        FNR > 1 {
            path = $0
            sub(/^[^ ]* [^ ]* /, "", path)
            listed[path] = 1
            if (!(path in found) || found[path] == "-") problem("missing - - " path)
            else if (found[path] != $2 "") problem("size " $2 " " found[path] " " path)
            else {
                print >whole
                right += length($0) + 1
            }
        }
        END {
            for (path in found)
                if (!(path in listed) && path !~ /^(MANIFEST|MANIFEST\.minisig|airgap\.conf)$/)
                    if (path !~ /^pex\/[^\/]*\/__pycache__\//) problem("extra - - " path)
            printf "%.0f %.0f\n", written, right
        }' pass=1 "$SCRATCH/found" pass=2 "$2")
    check_written "$SCRATCH/problems" "${written% *}"
    check_written "$SCRATCH/whole" "${written#* }"
}

# compare_hashes FOLDER: hashes the files in whole, largest first so that the cores end together. What has
# several names, by links, is read once.
compare_hashes() {
    name_files "$1"
    if [ "$LINKS_TO_FILES" -gt 0 ]; then
        say verifying_links "$FILES" "$(human "$BYTES")" "$LINKS_TO_FILES"
    else
        say verifying "$FILES" "$(human "$BYTES")"
    fi
    rm -rf -- "$SCRATCH/sums" "$SCRATCH/large" "$SCRATCH/small"
    sort -rnk1,1 "$SCRATCH/to-read" | awk -v large="$SCRATCH/large" -v small="$SCRATCH/small" '{
        size = $1
        sub(/^[^ ]* /, "")
        print "./" $0 >(size >= 1000000 ? large : small)
    }'
    mkdir "$SCRATCH/sums"
    if [ -t 2 ]; then
        while sleep 1; do
            progress verify_progress "$(cat "$SCRATCH"/sums/* 2>/dev/null | percent_hashed)" "$(human "$BYTES")"
        done &
        TICKER=$!
    fi
    # shellcheck disable=SC2016  # expanded by the inner sh
    {
        hash_files "$1" "$SCRATCH/large" 1 'sum=$($SHA256 <"$1") && printf "%s  %s\n" "${sum%% *}" "$1"'
        hash_files "$1" "$SCRATCH/small" 64 'sha256sum "$@"'
    }
    [ -z "$TICKER" ] || kill "$TICKER" 2>/dev/null
    TICKER=
    end_progress
    before=$(wc -c <"$SCRATCH/problems")
    written=$(cat "$SCRATCH"/sums/* 2>/dev/null | parse_sums | awk -v problems="$SCRATCH/problems" '
        function problem(line) {
            print line >>problems
            written += length(line) + 1
        }
        pass == 1 {
            path = $0
            sub(/^[^ ]* /, "", path)
            sum[path] = $1
            next
        }
        {
            path = $0
            sub(/^[^ ]* [^ ]* [^ ]* /, "", path)
            # The first name of each file is the one that was read.
            if (!(($1, $2) in first)) first[$1, $2] = path
            if (!(first[$1, $2] in sum)) problem("unreadable - - " path)
            else if (sum[first[$1, $2]] != $2) problem("changed - - " path)
        }
        END { printf "%.0f\n", written }' pass=1 - pass=2 "$SCRATCH/named")
    [ -n "$written" ] || fail e_scratch "$SCRATCH"
    check_written "$SCRATCH/problems" "$((before + written))"
}

# name_files FOLDER: writes the lines of whole to named, each with what the disk knows the file by in front,
# and to to-read "<size> <path>" of the first name of each file. Of two names of one file for which MANIFEST
# has two contents, both are read. Sets FILES, LINKS_TO_FILES, and BYTES, which will be read.
name_files() {
    # By a pipe and not by a file, which a full disk could cut within a name.
    set -- "$(awk '{ sub(/^[^ ]* [^ ]* /, ""); print "./" $0 }' "$SCRATCH/whole" | tr '\n' '\0' |
        (cd "$1" && xargs -0 stat -L -c '%d:%i %n' 2>/dev/null) |
        awk -v named="$SCRATCH/named" -v unread="$SCRATCH/to-read" '
            BEGIN { printf "" >named; printf "" >unread }
            pass == 1 { path = $0; sub(/^[^ ]* \.\//, "", path); id[path] = $1; next }
            {
                path = $0
                sub(/^[^ ]* [^ ]* /, "", path)
                line = (path in id ? id[path] : FNR) " " $0
                print line >named
                written += length(line) + 1
                if (seen[substr(line, 1, index(line, " ") + 64)]++) { links++; next }
                print $2, path >unread
                files++
                bytes += $2
            }
            END { printf "%.0f %.0f %.0f %.0f\n", files, links, bytes, written }' pass=1 - pass=2 "$SCRATCH/whole")"
    # shellcheck disable=SC2086  # four numbers
    set -- $1
    FILES=${1:-0} LINKS_TO_FILES=${2:-0} BYTES=${3:-0}
    check_written "$SCRATCH/named" "${4:--}"
}

# hash_files FOLDER LIST BATCH SCRIPT: each process of the script, which gets so many files, writes into a
# file of its own, so that no two outputs can mix.
hash_files() {
    [ -s "$2" ] || return 0
    tr '\n' '\0' <"$2" | (
        cd "$1" || exit
        exec xargs -0 -n "$3" -P "$(nproc)" sh -c "{ $4; } >>\"\$0/\$\$\"" "$SCRATCH/sums"
    ) &
    await $!
}

# parse_sums: lines of sha256sum as "<sha256> <path>"; GNU's escapes names that hold a backslash.
parse_sums() {
    awk '{
        escaped = sub(/^\\/, "")
        sum = substr($0, 1, 64)
        path = substr($0, 69)
        if (escaped) gsub(/\\\\/, "\\", path)
        print sum, path
    }'
}

percent_hashed() {
    parse_sums | awk -v total="$BYTES" '
        FNR == NR { path = $0; sub(/^[^ ]* [^ ]* /, "", path); size[path] = $2; next }
        { sub(/^[^ ]* /, ""); n += size[$0] }
        END { printf "%.0f", total ? 100 * n / total : 100 }' "$SCRATCH/whole" -
}

print_problems() {
    sort | while read -r kind expected found path; do
        case $kind in
        size) say p_size "$path" "$expected" "$found" ;;
        *) say "p_$kind" "$path" ;;
        esac
    done
}
