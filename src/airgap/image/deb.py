"""Reads Debian packages: an ``ar`` archive of a control tar and a data tar (deb(5))."""

import contextlib
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from airgap.errors import AirgapError
from airgap.image.tar import fault_in_path

_AR_MAGIC = b"!<arch>\n"
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class DebMember:
    """One entry of a package's data.

    Attributes:
        path: Where it goes in a system whose ``/bin``, ``/lib`` and so on are links into ``/usr``.
        info: The entry as the tar has it.
        target: Of a hard link, the path of the file that it names, as `path`; otherwise the tar's.
        file: The contents of a regular file, readable until the next member is asked for.
    """

    path: str
    info: tarfile.TarInfo
    target: str
    file: IO[bytes] | None


def merged(path: str) -> str:
    """Where a path of a package lies once ``/usr`` is merged: ``lib/x`` becomes ``usr/lib/x``."""
    return f"usr/{path}" if path.split("/", 1)[0] in _MERGED else path


def control(deb: Path) -> str:
    """The package's control file: deb822 text, one stanza."""
    with _opened(deb, "control.tar") as archive:
        for info in archive:
            if info.name.removeprefix("./") == "control" and (file := archive.extractfile(info)):
                return file.read().decode()
    raise AirgapError("reading the Debian package", deb.name, expected="a control file")


def members(deb: Path) -> Iterator[DebMember]:
    """The package's files, links and folders in its own order; decompresses the data once.

    Raises:
        AirgapError: Not a package, damaged, or with an entry that has no place in a layer: a
            device, a path that climbs out, a hard link to elsewhere.
    """
    with _opened(deb, "data.tar") as archive:
        for info in archive:
            name = info.name.removeprefix("./").rstrip("/")
            if name in ("", "."):
                continue
            if not (info.isfile() or info.isdir() or info.issym() or info.islnk()):
                raise _hostile(deb, name, "a device, socket or pipe")
            link = info.linkname.removeprefix("./") if info.islnk() else ""
            for path in filter(None, (name, link)):
                if fault := fault_in_path(path):
                    raise _hostile(deb, path, fault)
            file = archive.extractfile(info) if info.isreg() else None
            yield DebMember(merged(name), info, merged(link) if link else info.linkname, file)


@contextlib.contextmanager
def _opened(deb: Path, member: str) -> Iterator[tarfile.TarFile]:
    try:
        with open(deb, "rb") as file:
            _seek_member(file, member)
            with tarfile.open(fileobj=file, mode="r|*", bufsize=1 << 20) as archive:
                yield archive
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError) as error:
        raise AirgapError("reading the Debian package", deb.name, found=str(error)) from error


def _seek_member(file: IO[bytes], wanted: str) -> None:
    """Put the file at the data of the ``ar`` member whose name starts with ``wanted``."""
    if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise ValueError("not an ar archive")
    while len(head := file.read(60)) == 60:
        name = head[:16].decode("ascii").strip().rstrip("/")
        size = int(head[48:58])
        if name.startswith(wanted):
            return
        file.seek(size + size % 2, 1)
    raise ValueError(f"no member `{wanted}`")


def _hostile(deb: Path, path: str, fault: str) -> AirgapError:
    return AirgapError(
        "reading the Debian package",
        deb.name,
        found=f"{fault}: {path[:200]!r}",
        remedy="the package is not one of Debian's; check where the lock took it from",
    )
