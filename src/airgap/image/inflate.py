"""Reads members of a zip file faster than `zipfile` does: half the time of a layer was inflating.

The table of contents is `zipfile`'s; only the bytes are read here, by isal. The CRC is left
unread, since each member is checked against a sha256.
"""

import struct
import zipfile
from collections.abc import Iterator
from typing import IO

from isal import isal_zlib

_CHUNK = 1 << 18
_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""APPNOTE.TXT 4.3.7: signature, what the table of contents has too, lengths of two fields."""


def chunks(file: IO[bytes], info: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member's bytes in pieces of about a megabyte; reads it once.

    Raises:
        zipfile.BadZipFile: The member is damaged or in a compression that wheels do not use.
    """
    file.seek(info.header_offset)
    head = file.read(_LOCAL_HEADER.size)
    if len(head) != _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile("no local header where the table of contents says")
    _, name_size, extra_size = _LOCAL_HEADER.unpack(head)
    file.seek(name_size + extra_size, 1)
    packed = _packed(file, info.compress_size)
    if info.compress_type == zipfile.ZIP_STORED:
        yield from packed
    elif info.compress_type == zipfile.ZIP_DEFLATED:
        yield from _inflated(packed)
    else:
        raise zipfile.BadZipFile(f"compression method {info.compress_type}")


def _packed(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        chunk = file.read(min(size, _CHUNK))
        if not chunk:
            raise zipfile.BadZipFile("the file ends early")
        size -= len(chunk)
        yield chunk


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    stream = isal_zlib.decompressobj(-15)
    try:
        for chunk in packed:
            yield stream.decompress(chunk)
        yield stream.flush()
    except isal_zlib.error as error:  # type: ignore[misc] # its stub calls the class an instance
        raise zipfile.BadZipFile(str(error)) from error
    if not stream.eof:
        raise zipfile.BadZipFile("the compressed data ends early")
