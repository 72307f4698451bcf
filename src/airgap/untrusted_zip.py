"""Reads members of zip files that may have been made to do harm, a bounded piece at a time."""

import zipfile
from typing import IO


def member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A member of which no more is unpacked at a time than is asked for.

    Raises:
        KeyError: There is none of this name.
        zipfile.BadZipFile: It is in a compression that wheels do not use; of these `zipfile`
            unpacks whatever it has read.
    """
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"compression method {info.compress_type} of {name}")
    return archive.open(info)


def small(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """All of a member of which no more than ``limit`` bytes are to be held.

    `ZipFile.read` unpacks gigabytes before it cuts them to the size in the table of contents.

    Raises:
        KeyError: There is none of this name.
        zipfile.BadZipFile: It has more, or is damaged.
    """
    size = archive.getinfo(name).file_size
    if size > limit:
        raise zipfile.BadZipFile(f"{name} of {size} bytes")
    with member(archive, name) as file:
        return file.read(size)
