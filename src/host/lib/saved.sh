# shellcheck shell=sh disable=SC2154  # shared by the pieces
# The blobs of the image as Docker gives them back: for a bundle whose image/ went straight into Docker.
# What "docker save" writes differs with Docker's version, but is a tar with each layer as one file.

# image_is_saved: has Docker alone the image?
image_is_saved() {
    ! [ -e "$HERE/image" ] && command -v "${DOCKER%% *}" >/dev/null 2>&1 && have_image
}

# read_saved SIZES COMMAND…: gives each file that Docker saves of the image to COMMAND as its input, if its
# size is a line of SIZES. A tar that is not understood ends where it is not.
read_saved() {
    sizes=$1
    shift
    docker_ save "$IMAGE" 2>/dev/null | while entry=$(dd bs=512 count=1 iflag=fullblock 2>/dev/null | saved_entry); do
        size=${entry#* }
        blocks=$(((size + 511) / 512))
        {
            dd bs=65536 count="$((blocks / 128))" iflag=fullblock
            dd bs=512 count="$((blocks % 128))" iflag=fullblock
        } 2>/dev/null | if [ "${entry% *}" = file ] && grep -qx -e "$size" "$sizes"; then
            head -c "$size" | "$@"
        else
            cat >/dev/null
        fi
    done
}

# saved_entry: of a header of tar, "file <bytes>" or "other <bytes>"; fails at the end of the archive.
saved_entry() {
    od -An -v -tu1 | awk '
        { for (i = 1; i <= NF; i++) { f[++n] = $i; sum += $i } }
        function octal(from, count,    value, i) {
            for (i = from; i < from + count; i++) if (f[i] >= 48 && f[i] < 56) value = value * 8 + f[i] - 48
            return value + 0
        }
        END {
            for (i = 149; i < 157; i++) sum += 32 - f[i]
            if (n != 512 || sum == 256 || sum != octal(149, 8)) exit 1
            if (f[125] == 128) for (i = 126; i < 137; i++) size = size * 256 + f[i]
            else size = octal(125, 12)
            printf "%s %.0f\n", (f[157] == 48 || f[157] == 0 ? "file" : "other"), size
        }'
}
