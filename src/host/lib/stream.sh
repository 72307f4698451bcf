# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# The stream that parts hold, as bytes and as entries of tar: two archives, one after the other. `rest` is
# MANIFEST, its signature if there is one, and all else but the image; `image` is what is below image/, by
# paths relative to that.

# stream FROM TO: these bytes of the stream, out of the parts in $SCRATCH/whole-parts. FROM and TO are
# multiples of 512, or the stream's end. A part that cannot be read as far as it must is named on stderr.
stream() {
    awk -v from="$1" -v to="$2" '
        FNR == NR { start[$1] = at; at += $2; end[$1] = at; next }
        {
            begin = from > start[$1] ? from : start[$1]
            stop = to < end[$1] ? to : end[$1]
            if (begin >= stop) next
            path = $0
            sub(/^[^ ]* /, "", path)
            printf "%.0f %.0f %.0f %s %s\n", begin - start[$1], (stop == end[$1] ? 0 : stop - begin),
                end[$1] - start[$1], $1, path
        }' "$SCRATCH/slices" "$SCRATCH/whole-parts" | while IFS= read -r line; do
        split_line 4
        # dd only seeks, so that the bytes go straight to the reader.
        {
            dd bs=512 skip="$(((HEADER_BYTES + first) / 512))" count=0 2>/dev/null
            if [ "$second" -eq 0 ]; then
                cat
            else
                head -c "$second"
            fi
        } <"$rest" 2>"$SCRATCH/unread" || {
            # What reads may have ended, which is no fault of the part.
            status=$?
            case $status,$(cat "$SCRATCH/unread") in
            141,* | *,*[Bb]roken\ pipe*) ;;
            *) say part_unread "$fourth" "$rest" >&2 ;;
            esac
            return 1
        }
        if [ "$(stat -L -c %s "$rest" 2>/dev/null)" != "$((HEADER_BYTES + third))" ]; then
            say part_unread "$fourth" "$rest" >&2
            return 1
        fi
    done
}

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
function entry(at,    i, sum, rest, name) {
    start = at
    path = target = ""
    for (;;) {
        if (at >= STREAM) bad("form")
        if (split(block(at), f) != 512) bad("form")
        sum = rest = 0
        for (i = 1; i <= 265; i++) sum += f[i]
        for (; i <= 512; i++) rest += f[i]
        if (sum + rest == 0) {
            if (path != "" || target != "" || block(at + 512) != block(at)) bad("form")
            type = "end"
            after = at + 1024
            return
        }
        for (i = 149; i < 157; i++) sum += 32 - f[i]
        # All that is not checked here must be empty: tar knows more than is needed.
        if (rest) bad("form")
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
    if (path == "") path = name
    if (type == "2" && target == "") target = text(158, 100)
    if (type == "2" && size) bad("form", path)
    if (number(101, 8) != 420 && number(101, 8) != 493 && type == "0") bad("form", path)
}
BEGIN { for (i = 1; i < 256; i++) letter[i] = sprintf("%c", i) }
pass == 1 { length_of[$1] = $2; if (FNR == 1) usual = $2; next }
pass == 2 { n = $1; sub(/^[^ ]* /, ""); part[n] = $0; next }
'
