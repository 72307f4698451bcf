# shellcheck shell=sh disable=SC2034,SC2154  # shared by the pieces
# What is in the stream. It is as the headers of its parts say, and anybody can write those. So before
# anything is written each header in the archives is read: it must be that of a file that MANIFEST lists,
# with its size, or of a link that leads to a file with the same content, and each once. Only such headers
# and what belongs to them is given to tar.

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
