"""Reads Debian packages: an ``ar`` archive of a control tar and a data tar (deb(5))."""

import contextlib
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from airgap.errors import AirgapError
from airgap.image.tar import fault_in_path
from airgap.untrusted_tar import entries, open_tar, small

_LARGEST_TEXT = 1 << 20
"""Bytes of a control file; Debian's are of a few KB."""

_CHUNK = 1 << 20

_DAMAGE = (
    tarfile.TarError,
    lzma.LZMAError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
)

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
        for info in entries(archive):
            if info.name.removeprefix("./") == "control" and (file := archive.extractfile(info)):
                return small(file, _LARGEST_TEXT, f"{deb.name}: control").decode()
    raise AirgapError("reading the Debian package", deb.name, expected="a control file")


def members(deb: Path) -> Iterator[DebMember]:
    """The package's files, links and folders in its own order; decompresses the data once.

    Raises:
        AirgapError: Not a package, damaged, or with an entry that has no place in a layer: a
            device, a path that climbs out, a hard link to elsewhere.
    """
    with _opened(deb, "data.tar") as archive:
        for info in entries(archive):
            name = info.name.removeprefix("./").rstrip("/")
            if name in ("", "."):
                continue
            if not (info.isfile() or info.isdir() or info.issym() or info.islnk()):
                raise _hostile(deb, name, "a device, socket or pipe")
            link = info.linkname.removeprefix("./") if info.islnk() else ""
            for path in filter(None, (name, link)):
                if fault := fault_in_path(path):
                    raise _hostile(deb, path, fault)
            found = archive.extractfile(info) if info.isreg() else None
            file = found and io.BufferedReader(_Contents(deb, found))
            yield DebMember(merged(name), info, merged(link) if link else info.linkname, file)


class _Contents(io.RawIOBase):
    """A file of a package, which is read only after `members` has told of it."""

    def __init__(self, deb: Path, file: IO[bytes]) -> None:
        self._deb = deb
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage_told(self._deb):
            data = self._file.read(min(len(buffer), _CHUNK))
        buffer[: len(data)] = data
        return len(data)


@contextlib.contextmanager
def _opened(deb: Path, member: str) -> Iterator[tarfile.TarFile]:
    with _damage_told(deb), open(deb, "rb") as file:
        packed = _seek_member(file, member)
        with _unpacked(file, packed) as data, open_tar(data, "r|") as archive:
            yield archive


@contextlib.contextmanager
def _damage_told(deb: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise AirgapError("reading the Debian package", deb.name, found=str(error)) from error


def _unpacked(file: IO[bytes], packed: str) -> IO[bytes]:
    """The data of a member whose name ends like this."""
    match packed:
        case "":
            return file
        case ".xz":
            return lzma.open(file)
        case ".gz":
            return cast(IO[bytes], gzip.open(file))
    raise ValueError(f"packed in a way that is not known here: `{packed}`")


def _seek_member(file: IO[bytes], wanted: str) -> str:
    """Put the file at the data of the ``ar`` member whose name starts so; its name's rest."""
    if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise ValueError("not an ar archive")
    while len(head := file.read(60)) == 60:
        name = head[:16].decode("ascii").strip().rstrip("/")
        if not (digits := head[48:58].strip()).isdigit():
            raise ValueError(f"a member of the size {digits!r}")
        size = int(digits)
        if name.startswith(wanted):
            return name.removeprefix(wanted)
        file.seek(size + size % 2, 1)
    raise ValueError(f"no member `{wanted}`")


def _hostile(deb: Path, path: str, fault: str) -> AirgapError:
    return AirgapError(
        "reading the Debian package",
        deb.name,
        found=f"{fault}: {path[:200]!r}",
        remedy="the package is not one of Debian's; check where the lock took it from",
    )
