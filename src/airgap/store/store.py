"""A folder of blobs and of what recipes gave."""

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from airgap.errors import AirgapError
from airgap.store.blob import Blob, BlobWriter, hash_file
from airgap.store.disk import disk_errors, fsync, link_or_copy
from airgap.store.recipe import Recipe, Results
from airgap.store.stamps import Stamps
from airgap.store.workplace import Workplace

log = logging.getLogger(__name__)

BLOB_MTIME = 315532800
"""1980-01-01 UTC in seconds, the first moment that a zip file can name. One for all blobs, so that
neither ``dist/`` nor an archive made of it depends on when a file was fetched."""

_CHUNK = 1 << 20

_UNFINISHED_LIVE = 30 * 24 * 3600
"""Seconds after which pieces that no fetch went on with are removed."""


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
        self._unfinished = root / "unfinished"
        stamps, recipes = root / "stamps", root / "recipes"
        locks, tmp = root / "locks", root / "tmp"
        with disk_errors("opening the store", root):
            for folder in (self._blobs, self._unfinished, stamps, recipes, locks, tmp):
                folder.mkdir(parents=True, exist_ok=True)
        self._workplace = Workplace(locks, tmp)
        self._stamps = Stamps(stamps, self._workplace)
        self._results = Results(recipes, self._workplace)

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
        if stat.st_size == blob.size and self._stamps.fits(blob, stat):
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
            _expect(expected, writer.blob, doing, subject)
            self.enter(partial, writer.blob)

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
            if path.stat().st_dev != self._blobs.stat().st_dev:
                with (
                    self.writer(expected, doing=doing, subject=subject) as out,
                    open(path, "rb") as source,
                ):
                    shutil.copyfileobj(source, out, _CHUNK)
                path.unlink()
                return out.blob
            blob = hash_file(path)
            _expect(expected, blob, doing, subject)
            self.enter(path, blob)
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
        fsync(path)
        if self.has(blob):
            path.unlink()
            return
        os.replace(path, self.path(blob))
        self._seal(self.path(blob), blob)

    def result(self, recipe: Recipe) -> dict[str, Blob] | None:
        """What the recipe gave before, if every output is still here and whole."""
        outputs = self._results.read(recipe)
        if outputs is None or not all(map(self.has, outputs.values())):
            return None
        return outputs

    def record(self, recipe: Recipe, outputs: Mapping[str, Blob]) -> None:
        """Remember what the recipe gave; every output must be in the store already."""
        self._results.write(recipe, outputs)

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock; other processes and threads wait, and a dead holder frees it."""
        return self._workplace.lock(name)

    def workdir(self) -> AbstractContextManager[Path]:
        """A folder of one's own on the store's disk, removed at the end.

        What a killed process left behind is removed when the next one asks for a folder.
        """
        return self._workplace.folder()

    def link(self, blob: Blob, dest: Path, *, executable: bool = False) -> None:
        """Put the blob at ``dest`` as a hard link, replacing what was there in one step.

        Costs no bytes, but where ``dest`` is on another disk the blob is copied, with a warning.
        """
        source = self.path(blob)
        if executable:
            source.chmod(0o555)
        link_or_copy(source, dest)

    def _seal(self, path: Path, blob: Blob) -> None:
        path.chmod(0o555 if path.stat().st_mode & 0o100 else 0o444)
        os.utime(path, (BLOB_MTIME, BLOB_MTIME))
        self._stamps.write(blob, path.stat())


def _expect(expected: Blob | None, found: Blob, doing: str, subject: str) -> None:
    if expected is not None and found != expected:
        raise AirgapError(
            doing,
            subject,
            expected=str(expected),
            found=str(found),
            remedy="compare the source with the lock; nothing was kept",
        )
