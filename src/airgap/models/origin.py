"""Reads the wheel that a model comes in, without unpacking it."""

import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from airgap.errors import AirgapError
from airgap.image.inflate import DAMAGE
from airgap.models.pickles import PICKLE_SUFFIXES, refuse_pickles
from airgap.store import Blob, Store
from airgap.untrusted_zip import small

_CHUNK = 1 << 20
_LARGEST_READ = 1 << 26


class Origin:
    """An open wheel.

    Attributes:
        subject: The wheel's file name, for messages.
        names: The paths of all its files, sorted.
    """

    def __init__(self, subject: str, archive: zipfile.ZipFile) -> None:
        self.subject = subject
        self._archive = archive
        self.names = sorted(name for name in archive.namelist() if not name.endswith("/"))

    def read(self, name: str) -> bytes:
        """The content of a small file.

        Raises:
            zipfile.BadZipFile: It has more than 64 MiB.
        """
        return small(self._archive, name, _LARGEST_READ)

    def unpack(self, name: str, folder: Path) -> Path:
        """Put a file into a folder of one's own, without its path; writes each byte once."""
        path = folder / PurePosixPath(name).name
        with self._archive.open(name) as source, open(path, "wb") as out:
            shutil.copyfileobj(source, out, _CHUNK)
        return path

    def extract(self, name: str, store: Store) -> Blob:
        """Put a file into the store; reads and writes each byte once."""
        with (
            self._archive.open(name) as source,
            store.writer(doing="unpacking", subject=f"{name} of {self.subject}") as out,
        ):
            shutil.copyfileobj(source, out, _CHUNK)
        return out.blob

    def only(self, suffix: str) -> str:
        """The one file whose name ends like this.

        Raises:
            AirgapError: There is none, or more than one.
        """
        found = [name for name in self.names if name.endswith(suffix)]
        if not found:
            # Says what to take instead where the package has the weights in a refused form.
            refuse_pickles(self.subject, [n for n in self.names if n.endswith(PICKLE_SUFFIXES)])
        if len(found) != 1:
            raise AirgapError(
                "looking for the model in",
                self.subject,
                expected=f"one file named *{suffix}",
                found=", ".join(found) or "none",
                remedy="lock a package that holds one model",
            )
        return found[0]

    def documents(self, store: Store) -> dict[str, Blob]:
        """The package's licence files and, as `README.md`, its description.

        Where they are: Core metadata specification, "License-File" and "Description".
        """
        found = {}
        for name in self.names:
            folder, _, file = name.rpartition("/")
            top = name.partition("/")[0]
            if top.endswith(".dist-info") and folder in (top, f"{top}/licenses"):
                if file.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE")):
                    found[file] = self.extract(name, store)
                # The body of the message, byte for byte; email's parser would recode it.
                elif file == "METADATA" and (text := self.read(name).partition(b"\n\n")[2]):
                    with store.writer() as out:
                        out.write(text)
                    found["README.md"] = out.blob
        return found


def _opened(wheel: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(wheel)
    except DAMAGE as error:
        raise zipfile.BadZipFile(str(error)) from error
    for info in archive.infolist():
        known = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not known or info.flag_bits & 1 or info.header_offset < 0:
            archive.close()
            raise zipfile.BadZipFile(f"{info.filename[:200]!r} is not packed as in wheels")
    return archive


@contextmanager
def open_origin(subject: str, wheel: Path) -> Iterator[Origin]:
    """Open a wheel.

    Raises:
        AirgapError: The file is no zip archive, or turns out to be damaged while it is read.
    """
    try:
        with _opened(wheel) as archive:
            yield Origin(subject, archive)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError) as error:
        raise AirgapError(
            "reading the wheel",
            subject,
            expected="a whole wheel",
            found=str(error),
            remedy="look at the package at its origin; what the lock names is damaged",
        ) from error
