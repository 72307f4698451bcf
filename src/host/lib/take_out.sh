# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# From the stream into a folder: what is not there and whole already, and what came of it.

TAB=$(printf '\t')

# choose_links: sets LINKS where the file system has symbolic links; FAT has none.
choose_links() {
    LINKS=1
    rm -f -- "$JOINING.link"
    ln -s MANIFEST "$JOINING.link" 2>/dev/null || LINKS=
    rm -f -- "$JOINING.link"
}

# clear_strays FOLDER: an earlier join may have been of another version. Removes what is not expected
# there, or is of another kind.
clear_strays() {
    [ -d "$1" ] || return 0
    # Their lines would name other files, and not only ones in there.
    [ -z "$(cd "$1" && find . -name "*$NEWLINE*" | head -n 1)" ] || fail e_join_breaks "$1"
    (
        cd "$1" || exit
        find . -type f | sed 's/^/0 /'
        find . ! -type f ! -type d | sed 's/^/2 /'
    ) | write_scratch found || exit 1
    awk -v links="$LINKS" '
        pass == 1 { type = $3; sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, ""); kind["./" $0] = links ? type : 0; next }
        pass == 2 { sub(/^[^ ]* [^ ]* /, ""); expected["./" $0] = FNR > 1; next }
        {
            type = $1
            sub(/^. /, "")
            if (!expected[$0] || kind[$0] != type) print
        }' pass=1 "$SCRATCH/entries" pass=2 "$SCRATCH/expected" pass=3 "$SCRATCH/found" |
        tr '\n' '\0' | (cd "$1" && xargs -0 rm -f --)
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
}

# find_lacking FOLDER: writes the paths of expected that are not there and whole to lacking.
find_lacking() {
    awk 'NR > 1 { sub(/^[^ ]* [^ ]* /, ""); print }' "$SCRATCH/expected" | write_scratch lacking || exit 1
    [ -d "$1" ] || return 0
    compare_sizes "$1" "$SCRATCH/expected"
    [ ! -s "$SCRATCH/whole" ] || compare_hashes "$1"
    awk '$1 != "extra" { sub(/^[^ ]* [^ ]* [^ ]* /, ""); print }' "$SCRATCH/problems" |
        write_scratch lacking || exit 1
}

# need_room FOLDER: is there room for what is lacking?
need_room() {
    room=$(awk -v links="$LINKS" '
        pass == 1 { lacking[$0] = 1; next }
        pass == 2 { if ($3 == 2) { sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, ""); link[$0] = 1 }; next }
        {
            size = $2
            sub(/^[^ ]* [^ ]* /, "")
            if ($0 in lacking) sum += $0 in link && links ? 512 : size + 4096 - size % 4096
        }
        END { printf "%.0f", sum }' pass=1 "$SCRATCH/lacking" pass=2 "$SCRATCH/entries" pass=3 "$SCRATCH/expected")
    has_room "$1" || fail e_join_room "$1" "$(human "$room")" "$(human "$FREE")"
}

# has_room FOLDER: for room bytes more, as far as df says. Sets FREE.
has_room() {
    find_free "$1"
    [ -z "$FREE" ] || [ "$FREE" -ge "$room" ]
}

# take_out FOLDER: writes what is lacking, each run of neighbours in the stream by one tar.
take_out() {
    { umask 022 && mkdir -p -- "$1"; } 2>/dev/null || fail e_join_dest "$1"
    awk -v links="$LINKS" '
        function put() { if (to) print from, to, section }
        pass == 1 { lacking[$0] = 1; next }
        {
            begin = $1
            end = $2
            type = $3
            part = $4
            sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, "")
            if (!($0 in lacking) && $0 !~ /^MANIFEST(\.minisig)?$/) next
            if (type == 2 && !links) next
            if (to && begin == to) { to = end; next }
            put()
            from = begin
            to = end
            section = part
        }
        END { put() }' pass=1 "$SCRATCH/lacking" pass=2 "$SCRATCH/entries" | write_scratch runs || exit 1
    say join_writing "$(grep -c '' "$SCRATCH/lacking")" "$(human "$room")" "$1"
    if [ -t 2 ]; then
        while sleep 2; do
            progress join_progress "$(human "$(du -sk "$1" 2>/dev/null | awk '{ printf "%.0f", $1 * 1024 }')")"
        done &
        TICKER=$!
    fi
    while read -r from to section; do
        into=$1
        [ "$section" = r ] || into=$1/image
        mkdir -p -- "$into"
        { stream "$from" "$to"; head -c 1024 /dev/zero 2>/dev/null; } | {
            mark .tar
            # GNU's reads 10 KB at a time; another tar does not know this.
            export TAR_OPTIONS=-b128
            exec tar -xof - --no-same-permissions -C "$into"
        } 2>"$SCRATCH/tar" &
        await $! || write_failed "$1"
    done <"$SCRATCH/runs"
    [ -n "$LINKS" ] || copy_links "$1"
    [ -z "$TICKER" ] || kill "$TICKER" 2>/dev/null
    TICKER=
    end_progress
    # The disk works while what it gets is read again. No signal ends that: nobody is to wait for it.
    (sync -f "$1" 2>/dev/null &)
}

# write_failed FOLDER: what tar or cp said is in $SCRATCH/tar.
write_failed() {
    fail e_join_tar "$1" "$(sed -n 1p "$SCRATCH/tar")"
}

# copy_links FOLDER: where there are no links, their places hold what they lead to.
copy_links() {
    awk -F "$TAB" 'pass == 1 { lacking[$0] = 1; next } $1 in lacking' \
        pass=1 "$SCRATCH/lacking" pass=2 "$SCRATCH/links" | write_scratch links-to-copy || exit 1
    made=
    while IFS="$TAB" read -r path target; do
        folder=$1/
        case $path in */*) folder=$1/${path%/*}/ ;; esac
        [ "$folder" = "$made" ] || mkdir -p -- "$folder" 2>"$SCRATCH/tar" || write_failed "$1"
        made=$folder
        copy "$folder$target" "$1/$path"
    done <"$SCRATCH/links-to-copy"
}

# check_taken FOLDER: is all there now, and what was lacking as MANIFEST says? The rest was compared before;
# what a link leads to is compared as the file that it is.
check_taken() {
    compare_sizes "$1" "$SCRATCH/expected"
    awk -v links="$LINKS" '
        pass == 1 { lacking[$0] = 1; next }
        pass == 2 { sub(/\t.*/, ""); if (links) delete lacking[$0]; next }
        { line = $0; sub(/^[^ ]* [^ ]* /, ""); if ($0 in lacking) print line }' \
        pass=1 "$SCRATCH/lacking" pass=2 "$SCRATCH/links" pass=3 "$SCRATCH/whole" |
        write_scratch taken || exit 1
    mv "$SCRATCH/taken" "$SCRATCH/whole"
    compare_hashes "$1"
    sum=$(sha256sum 2>/dev/null <"$1/MANIFEST")
    if [ "${sum%% *}" = "$PART_DIGEST" ]; then
        [ -s "$SCRATCH/problems" ] || return 0
    else
        echo "changed - - MANIFEST" 2>/dev/null >>"$SCRATCH/problems" || fail e_scratch "$SCRATCH"
    fi
    print_problems <"$SCRATCH/problems"
    say_parts_of_problems
    fail e_join_wrong "$(grep -c "" "$SCRATCH/problems")" "$1"
}

# say_parts_of_problems: out of which parts came the files that are not right?
say_parts_of_problems() {
    from=$(awk '
        pass == 1 { sub(/^[^ ]* [^ ]* [^ ]* /, ""); bad[$0] = 1; next }
        pass == 2 {
            begin = $1
            end = $2
            sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, "")
            if ($0 in bad) { n++; from[n] = begin; to[n] = end }
            next
        }
        { for (i = 1; i <= n; i++) if (from[i] < at + $2 && to[i] > at) { print $1; break }; at += $2 }' \
        pass=1 "$SCRATCH/problems" pass=2 "$SCRATCH/entries" pass=3 "$SCRATCH/slices" | ranges)
    [ "$from" = none ] || say join_wrong_parts "$from"
}
