"""Writes the payloads of a transfer, each byte once, and checks the bundle on the way.

Each file's bytes are hashed as they pass, and compared with the manifest at the file's end; each
payload is hashed for its part's header. What an earlier run has left is read again and checked in
the same way, bytes of the tar included, so that it need not be believed.
"""

import contextlib
import hashlib
import io
import os
from typing import Protocol

from airgap.fetch.progress import Progress
from airgap.store import Blob
from airgap.transport.contents import Contents, differs
from airgap.transport.conveyor import Conveyor
from airgap.transport.outbox import Outbox
from airgap.transport.stream import Content, Member, Stream

_WRITE_BACK = 32 << 20
"""Bytes after which the disk is asked to begin writing, so that it works while we read."""

_TELL = 4 << 20
"""Bytes after which it is told how far a part has come."""


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> "_Hash": ...


class _DiffersError(Exception):
    """A file's content is not what the manifest says.

    Attributes:
        found: Its hash or its size, in words.
    """

    def __init__(self, member: Member, found: str) -> None:
        super().__init__(member, found)
        self.member = member
        self.found = found


class _StaleError(Exception):
    """What an earlier run left of a part is not what belongs there."""


def write_payloads(
    contents: Contents, stream: Stream, outbox: Outbox, progress: Progress
) -> tuple[Blob, ...]:
    """Bring every payload to the disk, below the names of finished parts or unfinished ones.

    Reads the files of the bundle once, and the parts that an earlier run wrote.

    Raises:
        AirgapError: A file of the bundle is not what its manifest says. The parts that hold a
            piece of it are written anew by the next run.
    """
    with Conveyor(2) as conveyor:
        while True:
            run = _Run(contents, stream, outbox, progress, conveyor)
            try:
                return run.payloads()
            except _DiffersError as error:
                first = error.member.data // outbox.cut.payload + 1
                outbox.forget(first)
                # If its beginning is of an earlier run, that may be what was wrong.
                if first > run.kept:
                    path, blob = error.member.path, error.member.entry.blob
                    raise differs(contents.folder, path, blob, error.found) from None


class _Run:
    """One way through the parts.

    Attributes:
        kept: How many of the first parts are those of an earlier run.
    """

    def __init__(
        self,
        contents: Contents,
        stream: Stream,
        outbox: Outbox,
        progress: Progress,
        conveyor: Conveyor,
    ) -> None:
        self._folder = contents.folder
        self._stream = stream
        self._outbox = outbox
        self._progress = progress
        self._conveyor = conveyor
        self._file_hash: _Hash = hashlib.sha256()
        self._sent = self._told = 0
        self.kept = 0

    def payloads(self) -> tuple[Blob, ...]:
        for number in range(1, self._outbox.cut.count + 1):
            name, length = self._outbox.name(number), self._outbox.cut.length(number)
            self._progress.begin(name, length)
            before = self._file_hash.copy()
            if not self._keep(number):
                self._file_hash = before
                self._write(number)
            self._progress.end(name, length)
        return tuple(self._outbox.done)

    def _keep(self, number: int) -> bool:
        """Whether the part is there and whole; if it is not, the journal no longer has it."""
        path = self._outbox.found(number)
        if number > len(self._outbox.done):
            return False
        cut = self._outbox.cut
        if path is not None and path.stat().st_size == cut.header + cut.length(number):
            payload = hashlib.sha256()
            with (
                contextlib.suppress(_StaleError, _DiffersError),
                open(path, "rb", buffering=0) as part,
            ):
                part.seek(cut.header)
                with self._conveyor.to(payload.update):
                    self._send(number, part)
                if payload.hexdigest() == self._outbox.done[number - 1].sha256:
                    self.kept = number
                    return True
        self._outbox.forget(number)
        return False

    def _write(self, number: int) -> None:
        cut = self._outbox.cut
        self._outbox.finished(number).unlink(missing_ok=True)
        payload = hashlib.sha256()
        with open(self._outbox.partial(number), "wb", buffering=0) as part:
            with self._conveyor.to(payload.update, _Writer(part.fileno(), cut.header)):
                self._send(number, None)
            os.fsync(part.fileno())
        self._outbox.note(Blob(payload.hexdigest(), cut.length(number)))

    def _send(self, number: int, part: io.FileIO | None) -> None:
        """Send a payload through the conveyor: out of the part itself, or out of the bundle."""
        cut = self._outbox.cut
        start = cut.start(number)
        self._sent = self._told = 0
        for piece in self._stream.pieces(start, start + cut.length(number)):
            if isinstance(piece, bytes):
                if part is not None and part.read(len(piece)) != piece:
                    raise _StaleError
                self._conveyor.put(piece)
                self._tell(number, len(piece))
            elif part is not None:
                self._copy(piece, part, number)
            else:
                try:
                    with open(self._folder / piece.member.path, "rb", buffering=0) as file:
                        file.seek(piece.offset)
                        self._copy(piece, file, number)
                except FileNotFoundError as error:
                    raise _DiffersError(piece.member, "none") from error

    def _copy(self, piece: Content, source: io.FileIO, number: int) -> None:
        member, left = piece.member, piece.length
        if piece.offset == 0:
            self._file_hash = hashlib.sha256()
        while left:
            room = self._conveyor.room()[:left]
            count = source.readinto(room)
            if not count:
                raise _DiffersError(member, f"{piece.offset + piece.length - left} bytes")
            self._file_hash.update(room[:count])
            self._conveyor.filled(count)
            self._tell(number, count)
            left -= count
        if piece.offset + piece.length == member.size:
            sha256 = self._file_hash.hexdigest()
            if sha256 != member.entry.blob.sha256:
                raise _DiffersError(member, f"sha256 {sha256}")

    def _tell(self, number: int, count: int) -> None:
        self._sent += count
        if self._sent - self._told >= _TELL:
            self._told = self._sent
            self._progress.update(self._outbox.name(number), self._sent)


class _Writer:
    """Writes chunks one after the other into a file."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self._offset = self._asked = offset

    def __call__(self, data: memoryview) -> None:
        while data:
            count = os.pwrite(self._descriptor, data, self._offset)
            self._offset += count
            data = data[count:]
        if self._offset - self._asked >= _WRITE_BACK:
            # What this does to pages that are not yet on the disk is to send them there.
            os.posix_fadvise(
                self._descriptor, self._asked, self._offset - self._asked, os.POSIX_FADV_DONTNEED
            )
            self._asked = self._offset
