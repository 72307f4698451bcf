"""Compares two builds of a bundle, file by file and byte by byte."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from airgap.reproduce.named import named

_CHUNK = 1 << 20
_DIFFOSCOPE_SECONDS = 900


@dataclass(frozen=True)
class Difference:
    """A file that came out differently.

    Attributes:
        name: What it is: `airgap.reproduce.named`.
        what: How the two differ, in words.
        paths: Both files, where both are there and have other bytes; else nothing.
    """

    name: str
    what: str
    paths: tuple[Path, Path] | None = None


def compare(first: Path, second: Path) -> Iterator[Difference]:
    """The differences between two folders of a bundle, causes first.

    Kinds of files, modes, times, targets of links and all bytes count; reads both once.
    """
    in_first, in_second = (named(_files(folder), folder / "image") for folder in (first, second))
    for name in [*in_first, *(name for name in in_second if name not in in_first)]:
        if name not in in_second or name not in in_first:
            where = first if name in in_first else second
            yield Difference(name, f"is only in {where}")
            continue
        paths = first / in_first[name], second / in_second[name]
        if (found := _look(paths[0])) != (other := _look(paths[1])):
            yield Difference(name, f"is {found} in {first}, {other} in {second}")
        elif found.startswith("a file") and (at := first_difference(*paths)) is not None:
            yield Difference(name, f"differs from byte {at} on", paths)


def first_difference(first: Path, second: Path) -> int | None:
    """The offset of the first byte that differs; the shorter length where one begins the other."""
    at = 0
    with open(first, "rb") as one, open(second, "rb") as other:
        while True:
            pair = one.read(_CHUNK), other.read(_CHUNK)
            if pair[0] != pair[1]:
                unlike = (n for n, (a, b) in enumerate(zip(*pair, strict=False)) if a != b)
                return at + next(unlike, min(map(len, pair)))
            if not pair[0]:
                return None
            at += len(pair[0])


def account(paths: tuple[Path, Path]) -> str:
    """What diffoscope says of two files, or how to get it."""
    program = shutil.which("diffoscope")
    if program is None:
        return "  diffoscope tells more: apt-get install diffoscope-minimal, then run this again"
    try:
        done = subprocess.run(
            [program, "--text=-", "--max-text-report-size=20000", *map(str, paths)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DIFFOSCOPE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"  diffoscope did not end within {_DIFFOSCOPE_SECONDS} s"
    return done.stdout or f"  diffoscope said nothing but: {done.stderr.strip()}"


def _files(folder: Path) -> list[str]:
    """All that is below the folder, folders too, with ``/`` at none of the ends."""
    return [
        os.path.relpath(os.path.join(where, name), folder)
        for where, folders, files in os.walk(folder)
        for name in (*folders, *files)
    ]


def _look(path: Path) -> str:
    """What a file is beside its bytes. Owners are not compared: each build belongs to its user."""
    found = path.lstat()
    mode, time = stat.S_IMODE(found.st_mode), found.st_mtime_ns
    if stat.S_ISLNK(found.st_mode):
        return f"a link to {os.readlink(path)}, time {time}"
    if stat.S_ISDIR(found.st_mode):
        return f"a folder, mode {mode:o}, time {time}"
    return f"a file, mode {mode:o}, time {time}"
