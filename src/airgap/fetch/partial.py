"""A blob that arrives in pieces, in any order, and is hashed in order while it does.

The bytes go to their places in a file of the final size. Beside it, ``<file>.blocks`` has one byte
for each block, 1 where the block is here: what a fetch that was killed leaves, and the next one
reads. Losing power may lose blocks that were noted; the hash, which is of what the file gives back,
tells.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from airgap.store import Blob

BLOCK = 4 << 20
"""Bytes. A kill loses less than one block of each connection."""

_RUN = 8
"""Blocks that one request asks for."""

_HASH_AT_ONCE = 4
"""Blocks; who hashes more lets its own connection wait."""

_PIECE = 1 << 20


class Range(NamedTuple):
    """Bytes from ``start`` up to, without, ``stop``."""

    start: int
    stop: int


class Partial:
    """The pieces of one blob. All methods but `close` may be called by any thread.

    Each byte is written once, and read once while it is in the system's cache; what an earlier
    process left is read from the disk.
    """

    def __init__(self, path: Path, blob: Blob) -> None:
        """Go on with what is at ``path``, or begin there.

        Raises:
            OSError: The folder cannot be written.
        """
        self.path = path
        self.blob = blob
        self._notes_path = path.with_name(f"{path.name}.blocks")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        self._notes = os.open(self._notes_path, os.O_RDWR | os.O_CREAT, 0o666)
        self._hashing = threading.Lock()
        self._hash = hashlib.sha256()
        self._hashed = 0
        count = -(-blob.size // BLOCK)
        notes = os.pread(self._notes, count + 1, 0)
        if os.fstat(self._file).st_size != blob.size or len(notes) != count:
            # The notes go first, so that they never tell of bytes that are not there.
            os.ftruncate(self._notes, 0)
            os.ftruncate(self._file, blob.size)
            notes = bytes(count)
            os.pwrite(self._notes, notes, 0)
        self._have = bytearray(notes)

    def close(self) -> None:
        """Leave what is here for the next process, if there is anything."""
        os.close(self._file)
        os.close(self._notes)
        if not any(self._have):
            self.remove()

    def remove(self) -> None:
        """Forget all pieces."""
        for path in (self._notes_path, self.path):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    @property
    def here(self) -> int:
        """The number of bytes in whole blocks that are here."""
        return sum(self._end(block) - block * BLOCK for block in self._blocks_here())

    @property
    def allocated(self) -> int:
        """The bytes that the file takes on its disk already."""
        return os.fstat(self._file).st_blocks * 512

    def lacking(self) -> Iterator[Range]:
        """What is not here, in pieces for one request each."""
        first = None
        for block in range(len(self._have) + 1):
            lacks = block < len(self._have) and not self._have[block]
            if first is not None and (not lacks or block - first == _RUN):
                yield Range(first * BLOCK, self._end(block - 1))
                first = None
            if lacks and first is None:
                first = block

    def write(self, position: int, data: bytes) -> int:
        """Put bytes at their place and return how many were lacking; a block is never rewritten.

        Who writes a block's last byte wrote all of it, in order, and nobody else does.

        Raises:
            OSError: The disk is full.
        """
        view, written = memoryview(data), 0
        while view:
            block = position // BLOCK
            part = view[: self._end(block) - position]
            view = view[len(part) :]
            if self._have[block]:
                position += len(part)
                continue
            written += len(part)
            while part:
                count = os.pwrite(self._file, part, position)
                position, part = position + count, part[count:]
            if position == self._end(block):
                os.pwrite(self._notes, b"\x01", block)
                self._have[block] = 1
        return written

    def hash_on(self) -> None:
        """Hash some of what follows without a gap, unless another thread is about it."""
        if self._hashing.acquire(blocking=False):
            try:
                self._hash_up_to(self._hashed + _HASH_AT_ONCE * BLOCK)
            finally:
                self._hashing.release()

    def found(self) -> Blob:
        """The identity of what is here without a gap: of a whole file, its own."""
        with self._hashing:
            self._hash_up_to(self.blob.size)
            return Blob(self._hash.hexdigest(), self._hashed)

    def _hash_up_to(self, stop: int) -> None:
        stop = min(stop, self.blob.size)
        piece = None
        while self._hashed < stop and self._have[block := self._hashed // BLOCK]:
            piece = piece or memoryview(bytearray(_PIECE))
            end = self._end(block)
            count = os.preadv(self._file, [piece[: end - self._hashed]], self._hashed)
            self._hash.update(piece[:count])
            self._hashed += count
            if self._hashed == end:
                # Makes the system begin to write it to the disk, so that little is left to wait
                # for at the end.
                start = block * BLOCK
                os.posix_fadvise(self._file, start, end - start, os.POSIX_FADV_DONTNEED)

    def _blocks_here(self) -> Iterator[int]:
        return (block for block, here in enumerate(self._have) if here)

    def _end(self, block: int) -> int:
        return min((block + 1) * BLOCK, self.blob.size)
