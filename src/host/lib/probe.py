"""Run as uid 1000 in the bundle's image: prints the first thing that it cannot read or write.

Usage: probe.py PATH…, where w/path must be a folder that can be written, and r/path and all below
it be readable. Prints "write /path" or "read /path", and nothing where all is well. Cost: one
`access` call a file.
"""

import os
import sys
from collections.abc import Iterator


def below(top: str) -> Iterator[str]:
    """The path, and all paths below it."""
    yield top
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            yield os.path.join(folder, name)


def main(*wanted: str) -> None:
    for how, path in ((word[0], word[1:]) for word in wanted):
        if how == "w":
            if not os.access(path, os.W_OK | os.X_OK):
                print("write", path)
                return
            continue
        for each in below(path):
            if not os.access(each, os.R_OK | (os.X_OK if os.path.isdir(each) else 0)):
                print("read", each)
                return


main(*sys.argv[1:])
