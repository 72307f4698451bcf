"""Reads a copy of a source that somebody put on this machine: a folder or a tar.

Nothing is unpacked to a path that the copy names. What it holds is listed, with the modes that git
would give, and read where it lies; whether it is right is for others to say.
"""

import contextlib
import io
import lzma
import os
import stat
import tarfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from airgap.errors import AirgapError
from airgap.fetch.git import Content
from airgap.locks.source import EXECUTABLE, LINK, PLAIN
from airgap.untrusted_tar import entries, open_tar


@dataclass(frozen=True)
class Found:
    """A file of a copy.

    Attributes:
        mode: As git has it.
        open: Its content; the caller closes it.
    """

    mode: str
    open: Callable[[], Content]


@contextlib.contextmanager
def open_copy(copy: Path, wanted: Collection[str]) -> Iterator[dict[str, Found]]:
    """List what the copy holds at the wanted paths and below them; it can be read meanwhile.

    A tar may have all of it below one folder, as those have that GitHub makes.

    Args:
        copy: A folder, or a tar, perhaps compressed.
        wanted: Paths of folders and files in the source.

    Raises:
        AirgapError: There is nothing at that path, it cannot be read, or it holds an entry that no
            source has: a device, a path that leads out.
    """
    try:
        if copy.is_dir():
            yield dict(_in_folder(copy, wanted))
            return
        if not copy.is_file():
            raise _fault(copy, expected="a folder or a tar", found="nothing there")
        with copy.open("rb") as file, open_tar(file, "r:*") as archive:
            yield _in_tar(archive, copy, wanted)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _fault(copy, expected="a folder or a whole tar", found=str(error)) from error
    except PermissionError as error:
        raise _fault(copy, expected="files that can be read", found=str(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        # That is how damage in what gzip and bzip2 packed is told.
        raise _fault(copy, expected="a folder or a whole tar", found=str(error)) from error


def _in_folder(copy: Path, wanted: Collection[str]) -> Iterator[tuple[str, Found]]:
    for path in wanted:
        top = copy / path
        if top.is_dir():
            for folder, folders, files in os.walk(top, onerror=_raise):
                links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
                for name in [*links, *files]:
                    file = Path(folder, name)
                    inside = file.relative_to(copy).as_posix()
                    yield inside, _file(file, copy, inside)
        elif os.path.lexists(top):
            yield path, _file(top, copy, path)


def _file(file: Path, copy: Path, path: str) -> Found:
    found = file.lstat()
    if stat.S_ISLNK(found.st_mode):
        target = os.fsencode(os.readlink(file))
        return Found(LINK, lambda: Content(io.BytesIO(target), len(target)))
    if not stat.S_ISREG(found.st_mode):
        raise _fault(copy, path, expected="files, folders and links", found="none of these")
    mode = EXECUTABLE if found.st_mode & 0o100 else PLAIN
    return Found(mode, lambda: Content(file.open("rb"), found.st_size))


def _in_tar(archive: tarfile.TarFile, copy: Path, wanted: Collection[str]) -> dict[str, Found]:
    members = {_inside(member, copy): member for member in entries(archive)}
    top = _folder_around(members, wanted)
    return {
        path: _member(archive, member)
        for name, member in members.items()
        if not member.isdir() and _is_used(path := name.removeprefix(top), wanted)
    }


def _folder_around(names: Collection[str], wanted: Collection[str]) -> str:
    """The folder in which everything is, with a slash; empty where there is none."""
    tops = {name.partition("/")[0] for name in names if name}
    if len(tops) != 1:
        return ""
    top = f"{tops.pop()}/"

    # It may have the name of a folder in it: then the reading that finds more is meant.
    def found(prefix: str) -> int:
        paths = {name.removeprefix(prefix) for name in names}
        return sum(any(_is_used(path, [one]) for path in paths) for one in wanted)

    return top if found(top) > found("") else ""


def _is_used(path: str, wanted: Collection[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in wanted)


def _inside(member: tarfile.TarInfo, copy: Path) -> str:
    """The entry's path, if a source may have such an entry."""
    parts = [part for part in member.name.split("/") if part != "."]
    if member.name.startswith("/") or ".." in parts or not parts and not member.isdir():
        raise _fault(copy, member.name, expected="paths below the tar's own", found="another")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise _fault(copy, member.name, expected="files, folders and links", found="none of these")
    return "/".join(filter(None, parts))


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Found:
    if member.issym():
        target = os.fsencode(member.linkname)
        return Found(LINK, lambda: Content(io.BytesIO(target), len(target)))

    def read() -> Content:
        # Of a second name for a file, this is the file itself.
        try:
            file = archive.extractfile(member)
        except KeyError as error:
            raise tarfile.ReadError(str(error)) from error
        assert file is not None
        return Content(file, file.seek(0, io.SEEK_END) - file.seek(0))

    return Found(EXECUTABLE if member.mode & 0o100 else PLAIN, read)


def _raise(error: OSError) -> None:
    raise error


def _fault(copy: Path, path: str | None = None, *, expected: str, found: str) -> AirgapError:
    return AirgapError(
        "reading the copy of the source",
        f"{copy}: {path}" if path else str(copy),
        expected=expected,
        found=found,
        remedy="name a folder or a tar of the source as it is in git",
    )
