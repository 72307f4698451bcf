# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The stream that parts hold: two archives of tar, one after the other. `rest` is MANIFEST, its signature
# if there is one, and all else but the image; `image` is what is below image/, by paths relative to that.
#
# The stream is as the headers of its parts say, and anybody can write those. So before anything is
# written each header in the archives is read: it must be that of a file that MANIFEST lists, with its
# size, or of a link that leads to a file with the same content, and each once. Only such headers and
# what belongs to them is given to tar.

TAB=$(printf '\t')

# Functions of awk that read blocks of 512 bytes of the stream. The files are slices (pass=1),
# whole-parts (pass=2).
# shellcheck disable=SC2016
READ_BLOCKS='
function quoted(text) { gsub(/\047/, "\047\\\047\047", text); return "\047" text "\047" }
# block(at): its bytes as numbers, one string. The index is made of all digits, which awk does not do.
function block(at,    index_of) {
    index_of = sprintf("%.0f", at)
    if (!(index_of in blocks)) fetch(at)
    return blocks[index_of]
}
# fetch(at): reads a few at once, as headers of small files and of links follow each other.
function fetch(at,    n, inside, count, command, line) {
    split("", blocks)
    n = 1 + int(at / usual)
    inside = at - (n - 1) * usual
    count = (length_of[n] - inside) / 512
    # Small files follow each other: the longer they do, the more at once.
    ahead = read_to && at >= read_to && at < read_to + 8192 ? 2 * ahead : 16
    if (ahead > 512) ahead = 512
    if (count > ahead) count = ahead
    command = sprintf("od -An -v -tu1 -w512 -j %.0f -N %.0f ", header + inside, count * 512) quoted(part[n])
    while ((command | getline line) > 0) {
        blocks[sprintf("%.0f", at)] = line
        at += 512
        count--
    }
    close(command)
    read_to = at
    # Not even what was asked for: the medium does not give it.
    if (count) { print "unread", n, part[n]; exit 1 }
}
function bad(what, path) {
    gsub(/[\001-\037\177]/, "?", path)
    print what, sprintf("%.0f", start), path
    exit 1
}
function text(from, count,    s, i) {
    for (i = from; i < from + count && f[i] > 0; i++) s = s letter[f[i]]
    return s
}
# number(from, count): octal digits, or base 256 where the first byte is 128.
function number(from, count,    n, i) {
    if (f[from] == 128) {
        for (i = from + 1; i < from + count; i++) n = n * 256 + f[i]
        return n + 0
    }
    for (i = from; i < from + count && f[i] >= 48 && f[i] <= 55; i++) n = n * 8 + f[i] - 48
    if (i == from || (i < from + count && f[i] != 0 && f[i] != 32)) bad("form")
    return n
}
# long(at, size): the text that a longer name is kept in.
function long(at, size,    s, i) {
    if (size < 2 || size > 4096) bad("form")
    for (i = at; i < at + size; i += 512) {
        split(block(i), f)
        s = s text(1, 512)
    }
    if (length(s) != size - 1) bad("form")
    return s
}
# entry(at): reads one entry and sets path, type, size, target, data and after; type is "end" at the end.
function entry(at,    i, sum, name) {
    start = at
    path = target = ""
    for (;;) {
        if (at >= STREAM) bad("form")
        if (split(block(at), f) != 512) bad("form")
        sum = 0
        for (i = 1; i <= 512; i++) sum += f[i]
        if (sum == 0) {
            if (path != "" || target != "" || block(at + 512) != block(at)) bad("form")
            type = "end"
            after = at + 1024
            return
        }
        for (i = 149; i < 157; i++) sum += 32 - f[i]
        # All that is not checked here must be empty: tar knows more than is needed.
        for (i = 266; i <= 512; i++) if (f[i]) bad("form")
        if (number(149, 8) != sum || text(258, 8) != "ustar  ") bad("form")
        name = text(1, 100)
        type = letter[f[157]]
        size = number(125, 12)
        data = at + 512
        after = data + size + (512 - size % 512) % 512
        if (size > STREAM || after > STREAM) bad("form")
        if (type == "L" && path == "") path = long(data, size)
        else if (type == "K" && target == "") target = long(data, size)
        else break
        at = after
    }
    if (type != "0" && type != "2") bad("form", path)
    split(block(at), f)
    if (path == "") path = name
    if (type == "2" && target == "") target = text(158, 100)
    if (type == "2" && size) bad("form", path)
    if (number(101, 8) != 420 && number(101, 8) != 493 && type == "0") bad("form", path)
}
BEGIN { for (i = 1; i < 256; i++) letter[i] = sprintf("%c", i) }
pass == 1 { length_of[$1] = $2; if (FNR == 1) usual = $2; next }
pass == 2 { n = $1; sub(/^[^ ]* /, ""); part[n] = $0; next }
'

# read_stream: writes to $SCRATCH
#   MANIFEST   as it is in the stream; its sha256 is what the parts say
#   entries    "<from> <to> <type> <section> <path>" of each entry, by what it takes in the stream; the
#              type is 0 for a file, 2 for a link; the section r or i
#   links      "<path><tab><target>"
# or ends the program where the stream is not what it must be.
read_stream() {
    say stream_reading
    read_first
    check_paths
    entries=$SCRATCH/entries links=$SCRATCH/links awk -v STREAM="$STREAM_BYTES" -v header="$HEADER_BYTES" \
        -v image="${IMAGE_AT:-$STREAM_BYTES}" "$READ_BLOCKS"'
        # resolve(path, target): where a link leads, by names alone, as there are no links to folders.
        function resolve(path, target,    n, m, i, name, way, s) {
            n = split(path, name, "/") - 1
            m = split(target, way, "/")
            for (i = 1; i <= m; i++) {
                if (way[i] == "" || (way[i] == ".." && n == 0)) return ""
                if (way[i] == "..") n--
                else if (way[i] != ".") name[++n] = way[i]
            }
            for (i = 1; i <= n; i++) s = s (i > 1 ? "/" : "") name[i]
            return s
        }
        function read_archive(at, section, prefix,    leads) {
            for (entry(at); type != "end"; entry(after)) {
                path = prefix path
                if (seen[path]++) bad("path", path)
                if (path == "MANIFEST" || path == "MANIFEST.minisig") {
                    if (type != "0") bad("path", path)
                } else if (!(path in sum) || (section == "r" && path ~ /^image\//)) {
                    bad("path", path)
                } else if (type == "2") {
                    leads = resolve(path, target)
                    if (!(leads in sum) || sum[leads] != sum[path] || target ~ /[\001-\037]/) bad("path", path)
                    if (section == "i" && leads !~ /^image\//) bad("path", path)
                    printf "%s\t%s\n", path, target >ENVIRON["links"]
                    linked += length(path) + length(target) + 2
                } else if (size != bytes[path]) {
                    bad("path", path)
                }
                line = sprintf("%.0f %.0f %s %s %s", start, after, type, section, path)
                print line >ENVIRON["entries"]
                written += length(line) + 1
            }
        }
        FNR > 1 {
            path = $0
            sub(/^[^ ]* [^ ]* /, "", path)
            sum[path] = $1
            bytes[path] = $2
        }
        END {
            printf "" >ENVIRON["links"]
            read_archive(0, "r", "")
            if (after != image) bad("form")
            if (image != STREAM) {
                read_archive(image, "i", "image/")
                if (after != STREAM) bad("form")
            }
            printf "%.0f %.0f\n", written, linked
        }' pass=1 "$SCRATCH/slices" pass=2 "$SCRATCH/whole-parts" pass=3 "$SCRATCH/MANIFEST" \
        >"$SCRATCH/bad-stream" || stream_failed
    read -r written linked <"$SCRATCH/bad-stream" || fail e_scratch "$SCRATCH"
    check_written "$SCRATCH/entries" "$written"
    check_written "$SCRATCH/links" "$linked"
}

# read_first: MANIFEST, which is the first of the stream.
read_first() {
    awk -v STREAM="$STREAM_BYTES" -v header="$HEADER_BYTES" "$READ_BLOCKS"'
        END {
            entry(0)
            if (type != "0" || path != "MANIFEST" || size > 200000000) bad("path", path)
            printf "%.0f %.0f\n", data, data + size
        }' pass=1 "$SCRATCH/slices" pass=2 "$SCRATCH/whole-parts" >"$SCRATCH/bad-stream" || stream_failed
    read -r from to <"$SCRATCH/bad-stream" || fail e_scratch "$SCRATCH"
    { stream "$from" "$to" || : >"$SCRATCH/cut"; } | write_scratch MANIFEST || exit 1
    ! [ -e "$SCRATCH/cut" ] || fail e_stream_unread "$PART_BUNDLE"
    sum=$(sha256sum <"$SCRATCH/MANIFEST")
    if [ "${sum%% *}" != "$PART_DIGEST" ]; then
        echo "path 0 MANIFEST" >"$SCRATCH/bad-stream"
        stream_failed
    fi
}

# check_paths: those of MANIFEST must lead to places in the folder, and not through each other.
check_paths() {
    bad=$(awk '
        NR == 1 { if ($0 != "airgap-manifest 1") { print 1; exit }; next }
        {
            path = $0
            if (!sub(/^[0-9a-f]+ (0|[1-9][0-9]*) /, "", path) || length($1) != 64 || length($2) > 15 ||
                path ~ /[\001-\037\177]/ || ("/" path "/") ~ /\/\.?\.?\// ||
                path ~ /^(MANIFEST|MANIFEST\.minisig|airgap\.conf)(\/|$)/ || listed[path]++) {
                print NR
                exit
            }
            for (folder = path; sub("/[^/]*$", "", folder); ) above[folder] = NR
        }
        END { for (path in listed) if (path in above) { print above[path]; exit } }' "$SCRATCH/MANIFEST" | head -n 1)
    [ -z "$bad" ] || fail e_stream_manifest "$PART_BUNDLE" "$bad"
}

stream_failed() {
    read -r what at path <"$SCRATCH/bad-stream" || fail e_stream_unread "$PART_BUNDLE"
    if [ "$what" = unread ]; then
        say part_unread "$at" "$path" >&2
        fail e_stream_unread "$PART_BUNDLE"
    fi
    fail e_stream "$PART_BUNDLE" "$at" "$(text "why_stream_$what" "$path")"
}

# need_all_entries: a whole bundle has every file that MANIFEST lists.
need_all_entries() {
    awk '
        pass == 1 { sub(/^[^ ]* [^ ]* [^ ]* [^ ]* /, ""); there[$0] = 1; next }
        FNR > 1 { sub(/^[^ ]* [^ ]* /, ""); if (!($0 in there)) print "path -", $0 }' \
        pass=1 "$SCRATCH/entries" pass=2 "$SCRATCH/MANIFEST" | write_scratch bad-stream || exit 1
    [ ! -s "$SCRATCH/bad-stream" ] || stream_failed
}

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
    find_free "$1"
    [ -z "$FREE" ] || [ "$FREE" -ge "$room" ] || fail e_join_room "$1" "$(human "$room")" "$(human "$FREE")"
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
            exec tar -xof - --no-same-permissions -C "$into"
        } 2>"$SCRATCH/tar" &
        await $! || fail e_join_tar "$1" "$(sed -n 1p "$SCRATCH/tar")"
    done <"$SCRATCH/runs"
    [ -n "$LINKS" ] || copy_links "$1"
    [ -z "$TICKER" ] || kill "$TICKER" 2>/dev/null
    TICKER=
    end_progress
}

# copy_links FOLDER: where there are no links, their places hold what they lead to.
copy_links() {
    awk -F "$TAB" 'pass == 1 { lacking[$0] = 1; next } $1 in lacking' \
        pass=1 "$SCRATCH/lacking" pass=2 "$SCRATCH/links" | write_scratch links-to-copy || exit 1
    made=
    while IFS="$TAB" read -r path target; do
        folder=$1/
        case $path in */*) folder=$1/${path%/*}/ ;; esac
        {
            { [ "$folder" = "$made" ] || mkdir -p -- "$folder"; } && made=$folder && cp -- "$folder$target" "$1/$path"
        } 2>"$SCRATCH/tar" || fail e_join_tar "$1" "$(sed -n 1p "$SCRATCH/tar")"
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
