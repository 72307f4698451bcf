"""Reads a tar that anybody may have made: what `tarfile` would take for ever over is refused.

Formats: tar(5) of libarchive; pax in POSIX.1-2017, "pax Interchange Format".
"""

import contextlib
import struct
import tarfile
from collections.abc import Iterator
from typing import IO, Any, Literal, Self

from airgap.errors import AirgapError

_LARGEST = 1 << 40
"""Bytes of an entry. `tarfile` counts its way to the next one even where nothing follows."""

_LARGEST_NOTE = 1 << 20
"""Bytes of a header that only tells of the next entry: `tarfile` holds it."""

_NOTES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Entry(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        entry = super().frombuf(buf, encoding, errors)
        _check(entry, _LARGEST_NOTE if entry.type in _NOTES else _LARGEST)
        return entry


@contextlib.contextmanager
def open_tar(file: IO[bytes], mode: Literal["r:*", "r|"]) -> Iterator[tarfile.TarFile]:
    """Open a tar for `entries`: with ``r:*`` one that may be compressed, with ``r|`` front to back.

    There is no ``r|*``, which holds all that one piece of the file unpacks to.

    Raises:
        tarfile.TarError: It is none.
    """
    open_: Any = tarfile.open  # its type knows no mode that is not written out
    with _refusing():
        archive = open_(fileobj=file, mode=mode, bufsize=1 << 20, tarinfo=_Entry)
    with archive:
        yield archive


def entries(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Its entries in their order; no file with holes is among them.

    Raises:
        tarfile.TarError: The tar is damaged, or an entry is larger than any can be.
    """
    while True:
        with _refusing():
            entry = archive.next()
        if entry is None:
            return
        # A header before it may have changed what its own says.
        _check(entry, _LARGEST)
        yield entry


def small(file: IO[bytes], limit: int, what: str) -> bytes:
    """All of a file of which no more than ``limit`` bytes are to be held.

    Raises:
        AirgapError: It has more.
    """
    data = file.read(limit + 1)
    if len(data) > limit:
        raise AirgapError(
            "reading",
            what,
            expected=f"at most {limit} bytes",
            found="more",
            remedy="the file is not what it is said to be; take another build or version of it",
        )
    return data


def _check(entry: tarfile.TarInfo, largest: int) -> None:
    if entry.issparse() or entry.type == tarfile.GNUTYPE_SPARSE:
        raise tarfile.ReadError(f"a file with holes: {entry.name[:200]!r}")
    if not 0 <= entry.size <= largest:
        raise tarfile.ReadError(f"an entry of {entry.size} bytes: {entry.name[:200]!r}")


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What `tarfile` does not expect of a header becomes its error."""
    try:
        yield
    except RecursionError as error:
        raise tarfile.ReadError("headers of headers without end") from error
    except (ValueError, OverflowError, struct.error) as error:
        raise tarfile.ReadError(f"a damaged header: {error}") from error
