# shellcheck shell=sh disable=SC2154  # shared by the pieces
# The receipt: what is missing and damaged, for those who sent the parts.
#   airgap-receipt 1
#   <bundle> <first 12 digits of MANIFEST's sha256>[ delta <first 8 of the inventory's>]
#   parts <count>
#   missing <numbers and ranges, or none>
#   damaged <the same>
#   check <first 8 digits of the sha256 of the lines above>

# give_receipt FILE: prints what is missing in a form for a photo or a telephone, and keeps it in FILE,
# without one beside this program where that can be written.
give_receipt() {
    {
        echo 'airgap-receipt 1'
        printf '%s %s' "$PART_BUNDLE" "$(cut12 "$PART_DIGEST")"
        [ -z "$DELTA_OF" ] || printf ' delta %.8s' "$DELTA_OF"
        printf '\nparts %s\nmissing %s\ndamaged %s\n' "$PART_COUNT" "$MISSING" "$DAMAGED"
    } >"$SCRATCH/receipt"
    sum=$(sha256sum <"$SCRATCH/receipt")
    printf 'check %.8s\n' "$sum" >>"$SCRATCH/receipt"
    echo
    cat "$SCRATCH/receipt"
    echo
    if [ -n "$1" ]; then
        cat "$SCRATCH/receipt" 2>/dev/null >"$1" || fail e_receipt "$1"
        say receipt_written "$1"
    elif cat "$SCRATCH/receipt" 2>/dev/null >"$HERE/receipt.txt"; then
        say receipt_written "$HERE/receipt.txt"
    fi
}
