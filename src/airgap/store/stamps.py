"""Notes of what a blob's file was like when it was last hashed, so that it need not be read."""

import os
from pathlib import Path

from airgap.store.blob import Blob
from airgap.store.workplace import Workplace


class Stamps:
    """The folder ``stamps`` of a store."""

    def __init__(self, folder: Path, workplace: Workplace) -> None:
        self._folder = folder
        self._workplace = workplace

    def fits(self, blob: Blob, stat: os.stat_result) -> bool:
        """Whether the blob's file is as it was when it was last hashed."""
        try:
            return (self._folder / blob.sha256).read_text() == _stamp_of(stat)
        except FileNotFoundError:
            return False

    def write(self, blob: Blob, stat: os.stat_result) -> None:
        """Note what the blob's file, which was hashed just now, is like."""
        self._workplace.write_small(self._folder / blob.sha256, _stamp_of(stat).encode())


def _stamp_of(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
