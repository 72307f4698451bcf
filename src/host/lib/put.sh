# shellcheck shell=sh disable=SC2154  # shared by the pieces
# Files of one bundle in the folder of the next: a second name, or a copy where there cannot be one.

# put_files FOLDER LIST: for each "<path><tab><path>", FOLDER's first path as the second one of the new folder.
# Neighbours that keep their names go many at once, as to start a program for each of many files takes long.
put_files() {
    awk -F "$TAB" '{ print $2 }' "$2" | tr '\n' '\0' | (cd "$partial" && xargs -0 rm -f --)
    awk -F "$TAB" 'sub("/[^/]*$", "", $2) && !seen[$2]++ { print $2 }' "$2" | tr '\n' '\0' |
        (cd "$partial" && xargs -0 -r mkdir -p --) 2>"$SCRATCH/tar" || write_failed "$partial"
    base=$1 list=$2 into=
    set --
    while IFS="$TAB" read -r from to; do
        folder=$partial
        case $to in */*) folder=$partial/${to%/*} ;; esac
        # A second name for a link would lead elsewhere from its new place.
        if [ "${from##*/}" != "${to##*/}" ] || [ -h "$base/$from" ] || [ -x "$base/$from" ]; then
            put_file "$base/$from" "$partial/$to"
            continue
        fi
        if [ "$folder" != "$into" ] || [ "$#" -eq 200 ]; then
            put_neighbours "$into" "$@"
            set --
            into=$folder
        fi
        set -- "$@" "$base/$from"
    done <"$list"
    put_neighbours "$into" "$@"
}

# put_neighbours FOLDER [FILE…]
put_neighbours() {
    [ "$#" -gt 1 ] || return 0
    target=$1
    shift
    if [ -z "$HARD" ]; then
        copy "$@" "$target/"
    elif ! ln -- "$@" "$target/" 2>/dev/null; then
        for file in "$@"; do
            [ -e "$target/${file##*/}" ] || copy "$file" "$target/${file##*/}"
        done
    fi
}

# put_file FILE FILE: all that can be run comes in the parts, so this one is not to be, whatever it was.
put_file() {
    if [ -x "$1" ]; then
        copy "$1" "$2"
        chmod a-x -- "$2" 2>/dev/null
    elif [ -z "$HARD" ] || [ -h "$1" ] || ! ln -- "$1" "$2" 2>/dev/null; then
        copy "$1" "$2"
    fi
}
