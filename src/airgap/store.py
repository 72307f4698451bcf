"""The content-addressed store of the build machine.

Layout of the store's folder::

    blobs/sha256/<hex>   one immutable file each, mode 0444, mtime `BLOB_MTIME`
    stamps/<hex>         "<size> <mtime ns> <inode>" of the blob when it was last hashed
    recipes/<key>.json   what a recipe gave: output name -> blob
    locks/<name>         flock files
    tmp/<name>/          unfinished work of a live process; swept when that process is gone
    unfinished/<hex>     pieces of a blob, kept by a fetch that was cut for the next one to go on

A blob gets its name only after its bytes are on disk and their hash is known, by a rename inside
one file system, so a kill at any moment leaves the whole blob, or what is under ``tmp`` or
``unfinished``.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from airgap.errors import AirgapError

log = logging.getLogger(__name__)

BLOB_MTIME = 315532800
"""1980-01-01 UTC in seconds, the first moment that a zip file can name. One for all blobs, so that
neither ``dist/`` nor an archive made of it depends on when a file was fetched."""

_CHUNK = 1 << 20

_SMALL_MAY_LIVE = 3600
"""Age in seconds from which on a small file in ``tmp`` is a killed process's."""

_UNFINISHED_LIVE = 30 * 24 * 3600
"""Seconds after which pieces that no fetch went on with are removed."""


@dataclass(frozen=True, order=True)
class Blob:
    """The identity of a file: its sha256 (64 hex digits) and its size in bytes."""

    sha256: str
    size: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"not a sha256 in lower-case hex: `{self.sha256}`")

    def __str__(self) -> str:
        return f"sha256 {self.sha256}, {self.size} bytes"


@dataclass(frozen=True)
class Recipe:
    """A step whose outputs depend on its inputs alone.

    Attributes:
        name: What the step does, for people: ``wheel-layer``.
        version: Raised whenever the same inputs give other bytes than before.
        inputs: Everything that the outputs depend on, as JSON values; files as their sha256.
    """

    name: str
    version: int
    inputs: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The sha256 (hex) of the recipe's canonical JSON."""
        return hashlib.sha256(_canonical(self._json())).hexdigest()

    def _json(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "inputs": self.inputs}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def hash_file(path: Path) -> Blob:
    """Read a file once, in chunks, and return its identity."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(digest, os.fstat(file.fileno()).st_size)


class BlobWriter:
    """A write-only binary file that hashes what passes through it.

    Seeking is refused by not being there: what was hashed is what is on disk.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._file.flush()

    @property
    def blob(self) -> Blob:
        """The identity of the bytes written so far."""
        return Blob(self._hash.hexdigest(), self._size)


class Store:
    """A folder of blobs and recipe results, safe to share between processes."""

    def __init__(self, root: Path) -> None:
        """Open the store at ``root``, creating it where it is missing.

        Raises:
            AirgapError: The folder cannot be made or written.
        """
        # Absolute, because pip and pex are run in other folders; and `realpath`, because Pants
        # hands a cache as a link whose folder may have been removed.
        root = Path(os.path.realpath(root))
        self.root = root
        self._blobs = root / "blobs" / "sha256"
        self._stamps = root / "stamps"
        self._recipes = root / "recipes"
        self._locks = root / "locks"
        self._tmp = root / "tmp"
        self._unfinished = root / "unfinished"
        folders = (self._blobs, self._stamps, self._recipes, self._locks, self._tmp)
        with disk_errors("opening the store", root):
            for folder in (*folders, self._unfinished):
                folder.mkdir(parents=True, exist_ok=True)

    def path(self, blob: Blob) -> Path:
        """Where the blob's file is, or would be."""
        return self._blobs / blob.sha256

    def has(self, blob: Blob) -> bool:
        """Whether the blob is here and whole.

        Costs two `stat` calls; reads the whole file only when its stamp no longer fits. A file
        that turns out to be damaged is removed, so that it is fetched or made again.
        """
        path = self.path(blob)
        try:
            stat = path.stat()
        except FileNotFoundError:
            return False
        if stat.st_size == blob.size and self._stamp(blob) == _stamp_of(stat):
            return True
        found = hash_file(path)
        if found != blob:
            log.warning("the store's copy of %s was damaged and is made again", blob.sha256)
            path.unlink(missing_ok=True)
            return False
        self._seal(path, blob)
        return True

    @contextlib.contextmanager
    def writer(
        self, expected: Blob | None = None, *, doing: str = "writing", subject: str = "a blob"
    ) -> Iterator[BlobWriter]:
        """Open a new blob for writing; it enters the store when the block ends cleanly.

        Writes each byte once, to the store's disk.

        Raises:
            AirgapError: The bytes are not those of ``expected``, or the disk is full.
        """
        with self.workdir() as work, disk_errors(doing, subject):
            partial = work / "blob"
            with open(partial, "wb", buffering=_CHUNK) as file:
                writer = BlobWriter(file)
                yield writer
                file.flush()
                os.fsync(file.fileno())
            self._enter(partial, writer.blob, expected, doing, subject)

    def add(
        self,
        path: Path,
        expected: Blob | None = None,
        *,
        doing: str = "adding to the store",
        subject: str | None = None,
    ) -> Blob:
        """Move a finished file into the store, hashing it on the way; cross-disk files are copied.

        Raises:
            AirgapError: The file is not the ``expected`` one; it is left where it is.
        """
        subject = subject or path.name
        with disk_errors(doing, subject):
            if path.stat().st_dev != self._tmp.stat().st_dev:
                with (
                    self.writer(expected, doing=doing, subject=subject) as out,
                    open(path, "rb") as source,
                ):
                    shutil.copyfileobj(source, out, _CHUNK)
                path.unlink()
                return out.blob
            blob = hash_file(path)
            _fsync(path)
            self._enter(path, blob, expected, doing, subject)
            return blob

    def unfinished(self, blob: Blob) -> Path:
        """Where pieces of the blob gather until `enter`; asked for by who holds the blob's lock.

        Removes what was left there so long ago that nobody will go on with it.
        """
        for path in self._unfinished.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _UNFINISHED_LIVE:
                    path.unlink()
        return self._unfinished / blob.sha256

    def enter(self, path: Path, blob: Blob) -> None:
        """Move a file on the store's disk in as the blob that it is known to be; reads nothing."""
        _fsync(path)
        self._enter(path, blob, None, "", "")

    def result(self, recipe: Recipe) -> dict[str, Blob] | None:
        """What the recipe gave before, if every output is still here and whole."""
        try:
            text = (self._recipes / f"{recipe.key}.json").read_text()
        except FileNotFoundError:
            return None
        outputs = {name: Blob(*value) for name, value in json.loads(text)["outputs"].items()}
        return outputs if all(map(self.has, outputs.values())) else None

    def record(self, recipe: Recipe, outputs: Mapping[str, Blob]) -> None:
        """Remember what the recipe gave; every output must be in the store already."""
        value = {
            "recipe": recipe._json(),
            "outputs": {name: [blob.sha256, blob.size] for name, blob in outputs.items()},
        }
        self._write_small(self._recipes / f"{recipe.key}.json", _canonical(value))

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the named lock; other processes and threads wait, and a dead holder frees it."""
        with open(self._locks / name, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def workdir(self) -> Iterator[Path]:
        """A folder of one's own on the store's disk, removed at the end.

        What a killed process left behind is removed when the next one asks for a folder.
        """
        name = secrets.token_hex(8)
        with self.lock("tmp"):
            self._sweep()
            held = open(self._tmp / f"{name}.lock", "w")  # noqa: SIM115 - closed below
            fcntl.flock(held, fcntl.LOCK_EX)
            # A program that gets the file too holds the folder for as long as it runs.
            os.set_inheritable(held.fileno(), True)
            work = self._tmp / name
            work.mkdir()
        try:
            yield work
        finally:
            _remove_tree(work)
            (self._tmp / f"{name}.lock").unlink(missing_ok=True)
            held.close()

    def link(self, blob: Blob, dest: Path, *, executable: bool = False) -> None:
        """Put the blob at ``dest`` as a hard link, replacing what was there in one step.

        Costs no bytes, but where ``dest`` is on another disk the blob is copied, with a warning.
        """
        source = self.path(blob)
        if executable:
            source.chmod(0o555)
        try:
            if os.path.samestat(source.stat(), dest.lstat()):
                return
        except FileNotFoundError:
            pass
        with disk_errors("writing", dest):
            dest.parent.mkdir(parents=True, exist_ok=True)
            partial = dest.with_name(f".{dest.name}.{secrets.token_hex(4)}")
            try:
                try:
                    os.link(source, partial)
                except OSError as error:
                    if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
                        raise
                    log.warning("copied %s: its disk cannot hold a link into the store", dest.name)
                    shutil.copy2(source, partial)
                os.replace(partial, dest)
            finally:
                partial.unlink(missing_ok=True)

    def _enter(
        self, partial: Path, blob: Blob, expected: Blob | None, doing: str, subject: str
    ) -> None:
        if expected is not None and blob != expected:
            raise AirgapError(
                doing,
                subject,
                expected=str(expected),
                found=str(blob),
                remedy="compare the source with the lock; nothing was kept",
            )
        if self.has(blob):
            partial.unlink()
            return
        os.replace(partial, self.path(blob))
        self._seal(self.path(blob), blob)

    def _seal(self, path: Path, blob: Blob) -> None:
        path.chmod(0o555 if path.stat().st_mode & 0o100 else 0o444)
        os.utime(path, (BLOB_MTIME, BLOB_MTIME))
        self._write_small(self._stamps / blob.sha256, _stamp_of(path.stat()).encode())

    def _stamp(self, blob: Blob) -> str | None:
        try:
            return (self._stamps / blob.sha256).read_text()
        except FileNotFoundError:
            return None

    def _write_small(self, path: Path, data: bytes) -> None:
        partial = self._tmp / f"{secrets.token_hex(8)}.small"
        with disk_errors("writing", path):
            try:
                with open(partial, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(partial, path)
            finally:
                partial.unlink(missing_ok=True)

    def _sweep(self) -> None:
        for lock_path in self._tmp.glob("*.lock"):
            with open(lock_path, "w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                try:
                    _remove_tree(lock_path.with_suffix(""))
                except OSError:
                    # A program that the killed process had started still writes there.
                    continue
                lock_path.unlink(missing_ok=True)
        for small in self._tmp.glob("*.small"):
            # Nobody holds a lock on these, but writing one takes milliseconds.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - small.stat().st_mtime > _SMALL_MAY_LIVE:
                    small.unlink()


def _stamp_of(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"


def _fsync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _remove_tree(path: Path) -> None:
    """Remove a folder even where unpacked archives left folders without write permission."""

    def unlock(function: Any, name: str, _: Any) -> None:
        os.chmod(os.path.dirname(name), 0o700)
        function(name)

    if path.exists():
        shutil.rmtree(path, onerror=unlock)


@contextlib.contextmanager
def disk_errors(doing: str, subject: object) -> Iterator[None]:
    """Turn what the disk refuses, space or permission, into an `AirgapError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise AirgapError(
            doing,
            str(subject),
            found=os.strerror(error.errno),
            remedy="free some disk space and run the same command again; nothing was lost"
            if full
            else "make the folder writable or name another one, then run the same command again",
        ) from error
