"""Run as uid 1000 in the bundle's image, with a state folder at the path given first.

Usage: state_files.py STATE save BUNDLE DIGEST | restore BUNDLE | empty NAME...

save writes a backup to standard output: a tar archive (GNU's format) of what people made, while the
services run, whose last member is airgap-backup.json:

    {"airgap-backup": 1, "bundle": NAME, "digest": "sha256:...", "made": UTC, "entries": [
        {"path": FOLDER, "mode": 448}, {"path": FILE, "mode": 384, "size": BYTES, "sha256": HEX}]}

A file that changed before the end stands in the archive once more; the last one counts. Its folders
come before a file. restore reads such an archive from standard input into STATE, whose content it
removes first, and compares each file with the list. empty removes what has these names.

Left out are caches, which are made anew, names with a dot in front, which are unfinished, and what
is neither file nor folder. On standard error save says how many things it left out for that last
reason.
"""

import hashlib
import io
import json
import os
import shutil
import stat
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

LIST = "airgap-backup.json"
NOT_KEPT = ("server", "pex", "versions")
"""Caches, and which versions of the bundle this host has had."""
MADE = ".airgap-made"
"""Which names in a state folder the program made."""
ROUNDS = 12
"""How often the folder is looked through until nothing has changed meanwhile."""
TICK = 50_000_000
"""Nanoseconds: a file that changes twice within less may have the same time of change."""
CHUNK = 1 << 20
MOST_OF_A_LIST = 1 << 28

Stamp = tuple[int, ...]


class Problem(Exception):
    """Something that the operator must hear of: the key of a message and its arguments."""


@dataclass(frozen=True)
class Kept:
    """What the archive has of a file or folder, and how that looked when it was read."""

    stamp: Stamp
    entry: dict[str, object]


def is_kept(path: str) -> bool:
    """Does a path of the state folder belong into a backup? Its first name says so."""
    top = path.partition("/")[0]
    return top not in NOT_KEPT and not top.startswith(".")


def stamp_of(status: os.stat_result) -> Stamp:
    if stat.S_ISDIR(status.st_mode):
        return (status.st_mode,)
    return status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino


def walk(state: Path, folder: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Each path below ``folder`` with its status, folders before what is in them."""
    try:
        names = sorted(os.listdir(state / folder))
    except FileNotFoundError:
        return
    except PermissionError as error:
        raise Problem("unreadable", folder) from error
    for name in names:
        path = f"{folder}/{name}" if folder else name
        if not is_kept(path):
            continue
        with suppress(FileNotFoundError):
            status = (state / path).lstat()
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                yield from walk(state, path)


def save(state: Path, bundle: str, digest: str, out: BinaryIO) -> int:
    """Writes a backup; how many things are neither file nor folder and not in it.

    Reads each file once, and once more each time that it changed before the end.
    """
    # Left by an error it gets no end: what is there of it must not look like an archive.
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        kept, left_out = add_all(tar, state)
        listed = {
            "airgap-backup": 1,
            "bundle": bundle,
            "digest": digest,
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "entries": [kept[path].entry for path in sorted(kept)],
        }
        data = json.dumps(listed, indent=1).encode()
        member = tarfile.TarInfo(LIST)
        member.size, member.mtime = len(data), int(time.time())
        tar.addfile(member, io.BytesIO(data))
    return left_out


def add_all(tar: tarfile.TarFile, state: Path) -> tuple[dict[str, Kept], int]:
    """Adds what is there, and what changes meanwhile again, until all is as it was added."""
    kept: dict[str, Kept] = {}
    for again in range(ROUNDS):
        time.sleep(0.05 * again)
        found = dict(walk(state))
        usable = {path: status for path, status in found.items() if is_usable(status.st_mode)}
        kept = {path: each for path, each in kept.items() if path in usable}
        changed = [
            path
            for path, status in usable.items()
            if path not in kept or kept[path].stamp != stamp_of(status)
        ]
        if not changed:
            return kept, len(found) - len(usable)
        for path in changed:
            with suppress(FileNotFoundError):
                kept[path] = add(tar, state, path)
    raise Problem("restless", changed[0])


def is_usable(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def add(tar: tarfile.TarFile, state: Path, path: str) -> Kept:
    """Adds a file or folder to the archive as it is now.

    Raises:
        FileNotFoundError: It is gone, or something else is there now.
    """
    status = (state / path).lstat()
    member = tarfile.TarInfo(path)
    member.mode, member.mtime = status.st_mode & 0o777, int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
        return Kept(stamp_of(status), {"path": path, "mode": member.mode})
    with opened(state / path, path) as file:
        status = os.fstat(file.fileno())
        if time.time_ns() - status.st_mtime_ns < TICK:
            time.sleep(TICK / 1e9)
            status = os.fstat(file.fileno())
        member.size = status.st_size
        reader = Exactly(file, member.size)
        tar.addfile(member, reader)
    digest = reader.sum.hexdigest()
    entry = {"path": path, "mode": member.mode, "size": member.size, "sha256": digest}
    return Kept(stamp_of(status), entry)


def opened(file: Path, called: str) -> BinaryIO:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError as error:
        raise Problem("unreadable", called) from error
    except OSError as error:
        raise FileNotFoundError(called) from error
    return os.fdopen(handle, "rb")


class Exactly:
    """So many bytes of a file, whatever becomes of it: zeros follow one that was cut meanwhile."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size
        self.sum = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        size = min(size, self._left)
        data = self._file.read(size).ljust(size, b"\0")
        self._left -= size
        self.sum.update(data)
        return data


def restore(state: Path, bundle: str, source: BinaryIO) -> None:
    """Reads a backup once into ``state``, whose content it removes first.

    Raises:
        Problem: The backup is damaged, of another bundle, or holds what no backup holds.
    """
    clear(state)
    found: dict[str, dict[str, object]] = {}
    listed = None
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for member in tar:
            if listed is not None:
                raise Problem("damaged", member.name)
            if member.name == LIST and member.isreg() and member.size < MOST_OF_A_LIST:
                listed = read_list(tar, member)
            else:
                found[member.name] = extract(tar, member, state)
    if listed is None:
        raise Problem("damaged", LIST)
    if listed["bundle"] != bundle:
        raise Problem("other_bundle", str(listed["bundle"]))
    entries = {str(entry["path"]): entry for entry in listed["entries"]}
    for path, entry in entries.items():
        if found.get(path) != entry:
            raise Problem("damaged", path)
    # What was removed while the backup was being made; a folder after what was in it.
    for path in sorted(found.keys() - entries.keys(), reverse=True):
        remove(state / path)
    for path, entry in sorted(entries.items(), reverse=True):
        (state / path).chmod(int(str(entry["mode"])))
    os.sync()


def read_list(tar: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    file = tar.extractfile(member)
    assert file is not None
    try:
        listed = json.load(file)
        if listed["airgap-backup"] != 1 or not all(map(is_entry, listed["entries"])):
            raise Problem("damaged", LIST)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Problem("damaged", LIST) from error
    return dict(listed)


def is_entry(entry: Any) -> bool:
    return isinstance(entry["path"], str) and isinstance(entry["mode"], int)


def extract(tar: tarfile.TarFile, member: tarfile.TarInfo, state: Path) -> dict[str, object]:
    """Makes the file or folder, and says what a list would say of it.

    Raises:
        Problem: It is neither, or has a name that leads elsewhere or that no backup holds.
    """
    path = member.name
    proper = all(part not in ("", ".", "..") for part in path.split("/"))
    plain = member.isdir() or (member.isreg() and not member.issparse())
    if not proper or not plain or not is_kept(path) or member.mode & ~0o777:
        raise Problem("hostile", path)
    target = state / path
    entry: dict[str, object] = {"path": path, "mode": member.mode}
    if member.isdir():
        if not target.is_dir():
            target.unlink(missing_ok=True)
            target.mkdir(0o700)
        return entry
    remove(target)
    file = tar.extractfile(member)
    assert file is not None
    sha256 = hashlib.sha256()
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while data := file.read(CHUNK):
            sha256.update(data)
            out.write(data)
    os.utime(target, (member.mtime, member.mtime))
    return entry | {"size": member.size, "sha256": sha256.hexdigest()}


def clear(state: Path) -> None:
    """Removes what is in the state folder, but folders that the host made and its note of them."""
    for each in state.iterdir():
        if each.name != MADE:
            empty(each)


def empty(path: Path) -> None:
    """Removes a file, and of a folder what is in it: the folder itself the host has made."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for each in path.iterdir():
        remove(each)


def remove(path: Path) -> None:
    """Removes a file or folder, if it is there, even where agents' code took rights from it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    path.chmod(0o700)
    for folder, names, _ in os.walk(path):
        for name in names:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o700)
    shutil.rmtree(path)


def main(state: Path, command: str, *arguments: str) -> None:
    match command:
        case "save":
            bundle, digest = arguments
            left_out = save(state, bundle, digest, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            print(left_out, file=sys.stderr)
        case "restore":
            (bundle,) = arguments
            try:
                restore(state, bundle, sys.stdin.buffer)
            except BaseException:
                clear(state)  # nobody will use what came until then
                raise
        case "empty":
            for name in arguments:
                empty(state / name)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
    except Problem as problem:
        # One line, whatever others named their files.
        plain = ["".join(c if c.isprintable() else "?" for c in arg) for arg in problem.args]
        print("problem", *plain, sep="\t", file=sys.stderr)
        sys.exit(3)
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        print("problem", "damaged", error, sep="\t", file=sys.stderr)
        sys.exit(3)
    except OSError as error:
        sys.exit(str(error))
