"""The folder that parts are written into: which transfer it holds, and how far that has come.

While parts are written the folder has a journal, which is locked by the process at work::

    airgap-split 1
    bundle …                 (this and the next lines tell the transfer and how it is cut)
    <n> <bytes> <sha256>     (the payload of each part whose bytes are on the disk, in order)

A line is there only when its part is; the last one may be torn. A part is called
``<name>.partial`` until its header is written, which needs the hashes of all payloads.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from airgap.errors import AirgapError
from airgap.store import Blob
from airgap.transport import parts
from airgap.transport.parts import Cut, Transfer

JOURNAL = "airgap-split.journal"
LIST = "PARTS"
"""The file that says what belongs to a transfer; it is written last."""

_OTHER_CUT = ", of the same bundle, cut or signed in another way"


class Outbox:
    """A folder with the parts of one transfer.

    Attributes:
        done: The payloads of the first parts, as the journal has them: to be checked before they
            are believed.
    """

    def __init__(self, folder: Path, transfer: Transfer, cut: Cut, journal: IO[bytes]) -> None:
        self.folder = folder
        self.transfer = transfer
        self.cut = cut
        self._journal = journal
        self.done: list[Blob] = []

    @property
    def lock(self) -> int:
        """The descriptor that holds the folder; a program that gets it holds it too."""
        return self._journal.fileno()

    def name(self, number: int) -> str:
        """The name of a finished part."""
        return parts.name(self.transfer, number, self.cut.count)

    def finished(self, number: int) -> Path:
        """Where a part is once its header is written."""
        return self.folder / self.name(number)

    def partial(self, number: int) -> Path:
        """Where a part is until then."""
        return self.folder / f"{self.name(number)}.partial"

    def found(self, number: int) -> Path | None:
        """Where a part is now, if it is there at all."""
        paths = self.finished(number), self.partial(number)
        return next((path for path in paths if path.is_file()), None)

    def note(self, payload: Blob) -> None:
        """Write into the journal that the next part's payload is on the disk."""
        self.done.append(payload)
        self._journal.seek(0, os.SEEK_END)
        self._journal.write(_line(len(self.done), payload))
        self._flush()

    def forget(self, number: int) -> None:
        """Take this part and those after it out of the journal: they are to be written anew."""
        (self.folder / LIST).unlink(missing_ok=True)
        self._restart(self.done[: number - 1])

    def write(self, name: str, data: bytes, *, executable: bool = False) -> None:
        """Write a small file whole, replacing in one step what was there, unless it is the same."""
        with contextlib.suppress(FileNotFoundError):
            if (self.folder / name).read_bytes() == data:
                return
        partial = self.folder / f".{name}.partial"
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if executable:
            # Disks without such a bit say so in many ways.
            with contextlib.suppress(OSError):
                partial.chmod(0o755)
        os.replace(partial, self.folder / name)

    def sync(self) -> None:
        """Wait until the names in the folder are on disk."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """End the transfer: all of it is in the folder."""
        self.sync()
        (self.folder / JOURNAL).unlink()
        self.sync()

    def _resume(self) -> None:
        """Read how far an earlier run came, from the journal or else from a finished part."""
        self._journal.seek(0)
        text = self._journal.read()
        identity = _identity(self.transfer, self.cut)
        if text.startswith(identity):
            payloads = _payloads(text[len(identity) :])
        elif text.endswith(b"\n") and not identity.startswith(text):
            raise self._taken(text.decode(errors="replace").partition("\n")[2].strip())
        else:
            payloads = []
        known = {self.name(number) for number in range(1, self.cut.count + 1)}
        for path in sorted(self.folder.glob("*.part*")):
            if not path.name.endswith((".part", ".part.partial")):
                continue
            if path.name.removesuffix(".partial") not in known:
                own = path.name.startswith(f"{self.transfer.prefix}.")
                raise self._taken(f"{path.name}{_OTHER_CUT if own else ''}")
            if path.suffix == ".part":
                payloads = self._told_by(path, payloads)
        self._restart(payloads[: self.cut.count])

    def _told_by(self, path: Path, payloads: list[Blob]) -> list[Blob]:
        """What a finished part tells, where that is more than was known."""
        try:
            with open(path, "rb") as file:
                header = parts.read_header(file, path.name)
        except AirgapError:
            return payloads  # damaged: it is written anew
        cut = Cut(header.transfer.stream, header.size, self.cut.payload)
        if header.transfer != self.transfer or cut != self.cut:
            raise self._taken(f"{path.name}{_OTHER_CUT}")
        return payloads or list(header.payloads)

    def _restart(self, payloads: list[Blob]) -> None:
        """Make the journal one of these payloads; a kill leaves fewer of them at worst."""
        self.done = payloads
        identity = _identity(self.transfer, self.cut)
        self._journal.truncate(0)
        self._journal.seek(0)
        self._journal.write(identity)
        for number, payload in enumerate(payloads, start=1):
            self._journal.write(_line(number, payload))
        self._flush()

    def _flush(self) -> None:
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def _taken(self, found: str) -> AirgapError:
        return AirgapError(
            "writing parts into",
            str(self.folder),
            expected=f"an empty folder, or one with {self.cut.count} parts of"
            f" {self.transfer.prefix}",
            found=found,
            remedy="name another folder, or empty this one",
        )


@contextlib.contextmanager
def opened(folder: Path, transfer: Transfer, cut: Cut) -> Iterator[Outbox]:
    """Hold the folder for this transfer; it is made where it is missing.

    Raises:
        AirgapError: Another process writes there, or another transfer is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / JOURNAL) as journal:
        fresh = os.fstat(journal.fileno()).st_size == 0
        outbox = Outbox(folder, transfer, cut, journal)
        try:
            outbox._resume()
        except AirgapError:
            if fresh:
                (folder / JOURNAL).unlink()
            raise
        yield outbox


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    while True:
        with open(path, "a+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AirgapError(
                    "writing parts into",
                    str(path.parent),
                    expected="nobody else at work there",
                    found="another run of the same command, or par2 that one has left at work",
                    remedy="wait for it, or name another folder",
                ) from error
            # Another run may have ended, and removed the journal, after this one opened it.
            try:
                held = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except FileNotFoundError:
                held = False
            if held:
                yield file
                return


def _identity(transfer: Transfer, cut: Cut) -> bytes:
    image = f"image {transfer.image.offset} {transfer.image.length}\n" if transfer.image else ""
    delta = f"delta sha256:{transfer.inventory}\n" if transfer.inventory else ""
    return (
        "airgap-split 1\n"
        f"bundle {transfer.bundle} sha256:{transfer.digest}\n"
        f"stream {transfer.stream}\n{image}{delta}"
        f"cut {cut.header} {cut.payload}\n"
    ).encode()


def _line(number: int, payload: Blob) -> bytes:
    return f"{number} {payload.size} {payload.sha256}\n".encode()


def _payloads(text: bytes) -> list[Blob]:
    payloads: list[Blob] = []
    for line in text.split(b"\n")[:-1]:
        match = re.fullmatch(rb"([0-9]+) ([0-9]+) ([0-9a-f]{64})", line)
        if match is None or int(match[1]) != len(payloads) + 1:
            break
        payloads.append(Blob(match[3].decode(), int(match[2])))
    return payloads
