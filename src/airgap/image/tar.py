"""Layer tars whose bytes depend on their contents alone.

GNU tar format (``tar.h`` of GNU tar; long names as ``@LongLink`` members), which every container
engine and image scanner reads. Owner 0:0, one modification time, no names of users.
"""

import re
import tarfile
from collections.abc import Iterable
from typing import Protocol

from airgap.errors import AirgapError

MTIME = 1
"""Seconds since 1970 for every entry; 0 is shown as "unset" by some tools."""

_BLOCK = 512
_LONGEST_NAME = 255
_LONGEST_PATH = 4095
_SURELY_SHORT = _LONGEST_NAME // 4  # no letter takes more than four bytes

_TOGETHER = 1 << 18
"""Bytes of a file up to which copying it costs less than to write its parts one by one."""

_LARGEST = 8**11 - 1
_OWNER = b"0000000\0" * 2
_MTIME_FIELD = b"%011o\0" % MTIME
_REST = tarfile.GNU_MAGIC + bytes(_BLOCK - 265)
_FIXED_SUM = sum(_MTIME_FIELD) + sum(_REST) + sum(b" " * 8)
"""What all headers have in the sum over their bytes, in which that sum itself counts as spaces."""

_UNNAMEABLE = re.compile(r"(?:^|/)(\.{0,2})(?=/|$)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]")


class Output(Protocol):
    """What a tar is written to: a store's writer, for one."""

    def write(self, data: bytes, /) -> int: ...


def fault_in_path(path: str) -> str | None:
    """Say why a path from a package may not go into a layer; None where it may.

    A path is relative to the layer's root, with ``/`` between its parts and none at its end.
    The limits are those of Linux: 255 bytes for a name, 4095 for a path.
    """
    if path.startswith("/"):
        return "an absolute path"
    if match := _UNNAMEABLE.search(path):
        return f"an empty, `.` or `..` part in a path: `{match[1]}`"
    if _UNPRINTABLE.search(path):
        return "a backslash or control character in a path"
    if len(path) > _SURELY_SHORT:
        encoded = path.encode("utf-8", "surrogateescape")
        if len(encoded) > _LONGEST_PATH or max(map(len, encoded.split(b"/"))) > _LONGEST_NAME:
            return "a name too long for Linux"
    return None


class LayerTar:
    """Writes one layer; each byte goes to the output once, none is kept.

    A missing parent folder is added just before its first entry, mode 0755. Entries stand in the
    order in which they are added: a caller that wants the same bytes adds them in the same order.
    Remembers every path (about 100 bytes each).
    """

    def __init__(self, out: Output) -> None:
        self._out = out
        self._folders = {""}
        self._modes: dict[str, int] = {}  # of all that are not folders

    def __contains__(self, path: str) -> bool:
        return path in self._folders or path in self._modes

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Add a folder; one that is there already stays as it is.

        Raises:
            AirgapError: The path is hostile, or is that of a file.
        """
        if path not in self._folders:
            self._claim(path)
            self._folders.add(path)
            self._put(path, tarfile.DIRTYPE, mode)

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Add a regular file.

        Raises:
            AirgapError: The path is hostile or taken.
        """
        self._add(path, mode)
        header = _header(path, tarfile.REGTYPE, mode, size=len(data))
        padding = bytes(-len(data) % _BLOCK)
        if len(data) <= _TOGETHER:
            self._out.write(b"".join((header, data, padding)))
        else:
            for part in (header, data, padding):
                self._out.write(part)

    def stream(self, path: str, size: int, chunks: Iterable[bytes], mode: int = 0o644) -> None:
        """Add a regular file of ``size`` bytes without holding it in memory.

        Raises:
            AirgapError: The path is hostile or taken, or the chunks are not ``size`` bytes.
        """
        self._add(path, mode)
        self._put(path, tarfile.REGTYPE, mode, size=size)
        written = 0
        for chunk in chunks:
            self._out.write(chunk)
            written += len(chunk)
        if written != size:
            raise AirgapError(
                "writing into the layer", path, expected=f"{size} bytes", found=f"{written} bytes"
            )
        self._out.write(bytes(-size % _BLOCK))

    def symlink(self, path: str, target: str) -> None:
        """Add a symbolic link.

        Raises:
            AirgapError: The path is hostile or taken.
        """
        self._add(path, 0o777)
        self._put(path, tarfile.SYMTYPE, 0o777, target=target)

    def hardlink(self, path: str, target: str) -> None:
        """Add one more name for a file that was added before; Docker sets its mode once more.

        Raises:
            AirgapError: The path is hostile or taken, or ``target`` was not added.
        """
        mode = self._modes.get(target)
        if mode is None:
            raise AirgapError("writing into the layer", path, found=f"a link to no file: {target}")
        self._add(path, mode)
        self._put(path, tarfile.LNKTYPE, mode, target=target)

    def close(self) -> None:
        """Write the end of the archive; the output itself stays open."""
        self._out.write(bytes(2 * _BLOCK))

    def _add(self, path: str, mode: int) -> None:
        if path in self._folders:
            raise AirgapError("writing into the layer", path, found="a folder of that name")
        self._claim(path)
        self._modes[path] = mode

    def _claim(self, path: str) -> None:
        fault = "a second entry of that name" if path in self._modes else fault_in_path(path)
        if fault is not None:
            raise AirgapError("writing into the layer", path, found=fault)
        self.folder(path.rpartition("/")[0])

    def _put(self, path: str, kind: bytes, mode: int, *, size: int = 0, target: str = "") -> None:
        self._out.write(_header(path, kind, mode, size=size, target=target))


def _header(path: str, kind: bytes, mode: int, *, size: int = 0, target: str = "") -> bytes:
    name = path.encode("utf-8", "surrogateescape") + (b"/" if kind == tarfile.DIRTYPE else b"")
    link = target.encode("utf-8", "surrogateescape")
    if max(len(name), len(link)) > tarfile.LENGTH_NAME or size > _LARGEST:
        return _long_header(path, kind, mode, size, target)
    # As `tarfile` has it, in a fifth of the time.
    varying = b"%07o\0%s%011o" % (mode, _OWNER, size)
    total = _FIXED_SUM + sum(name) + sum(varying) + sum(kind) + sum(link)
    return b"%b%b\0%b%06o\0 %b%b%b" % (
        name.ljust(100, b"\0"),
        varying,
        _MTIME_FIELD,
        total,
        kind,
        link.ljust(100, b"\0"),
        _REST,
    )


def _long_header(path: str, kind: bytes, mode: int, size: int, target: str) -> bytes:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size, info.linkname = kind, mode, size, target
    info.mtime = MTIME
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
