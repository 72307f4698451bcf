# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What disks do to files: temporary ones lose lines where it is full, and too few of them would mean that all is
# right; those that are to stay outlive no power cut until they are on it.

need_scratch() {
    [ -z "$SCRATCH" ] || return 0
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/airgap.XXXXXX") || fail e_scratch "${TMPDIR:-/tmp}"
}

# write_scratch NAME: stdin into a file of $SCRATCH, or ends the program, which in a pipe is for the caller to
# do. Not every awk says that a disk was full; cat does.
write_scratch() {
    cat 2>/dev/null >"$SCRATCH/$1" || fail e_scratch "$SCRATCH"
}

# check_written FILE BYTES: is the file as long as it must be? A full disk leaves it shorter.
check_written() {
    [ "$(($(wc -c <"$1")))" = "$2" ] || fail e_scratch "$SCRATCH"
}

# on_disk PATH: what was written there outlives a power cut from here on.
on_disk() {
    sync -f "$1" 2>/dev/null || sync
}
