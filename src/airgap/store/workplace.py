"""Where processes work side by side in one store: locks, folders of their own, small files."""

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from airgap.store.disk import disk_errors, remove_tree

_SMALL_MAY_LIVE = 3600
"""Age in seconds from which on a small file in ``tmp`` is a killed process's."""


class Workplace:
    """The folders ``locks`` and ``tmp`` of a store."""

    def __init__(self, locks: Path, tmp: Path) -> None:
        self._locks = locks
        self._tmp = tmp

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the named lock; other processes and threads wait, and a dead holder frees it."""
        with open(self._locks / name, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder of one's own, removed at the end.

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
            remove_tree(work)
            (self._tmp / f"{name}.lock").unlink(missing_ok=True)
            held.close()

    def write_small(self, path: Path, data: bytes) -> None:
        """Write a file on the store's disk whole, replacing what was there in one step."""
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
                    remove_tree(lock_path.with_suffix(""))
                except OSError:
                    # A program that the killed process had started still writes there.
                    continue
                lock_path.unlink(missing_ok=True)
        for small in self._tmp.glob("*.small"):
            # Nobody holds a lock on these, but writing one takes milliseconds.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - small.stat().st_mtime > _SMALL_MAY_LIVE:
                    small.unlink()
