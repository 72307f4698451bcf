"""A model's weights into `dist/`: hashed and linked beside `sha256sum`, then again, unchanged.

What is in the store is hashed again only where it is not the file that was last hashed; that is
forgotten here, which is the worst case. Targets: 1.1 times `sha256sum`, and milliseconds where
nothing changed, whatever the size.

`python -m bench.model_link [GIGABYTES]` needs as much space in the folder of the store.
"""

import os
import shutil
import statistics
import sys
import time
from pathlib import Path

from airgap.locks import model
from airgap.locks.model import ModelFile, ModelLock
from airgap.locks.model_origin import FolderOrigin
from airgap.make import make
from airgap.store import Store
from bench.image import scratch
from bench.measure import medians, seconds, show
from tests.airgap.hub.contents import Seeded

SPEC = {"kind": "model", "name": "weights", "lock": "model.lock"}
FILES = 4
ROUNDS = 3


class Weights:
    """A locked model whose files are in a store of its own."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        folder.mkdir()
        self.store = Store(folder / "store")
        files = []
        for number in range(FILES):
            with self.store.writer() as out:
                for chunk in Seeded(size // FILES, number).chunks(0, size // FILES):
                    out.write(bytes(chunk))
            files.append(ModelFile(f"model-{number}.safetensors", out.blob))
        lock = ModelLock("weights", "MIT", FolderOrigin(), None, tuple(files))
        (folder / "model.lock").write_text(model.render(lock))
        self.paths = [self.store.path(file.blob) for file in files]

    def make(self) -> float:
        """Seconds until the model is in ``dist/``."""
        start = time.perf_counter()
        steps = make(
            self.store, SPEC, self._folder, self._folder / "dist", self._folder / "receipt"
        )
        assert not steps
        return time.perf_counter() - start

    def hash_and_link(self) -> float:
        shutil.rmtree(self._folder / "dist", ignore_errors=True)
        for stamp in (self.store.root / "stamps").iterdir():
            stamp.unlink()
        return self.make()


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "4") * 1e9)
    with scratch() as folder:
        large, small = Weights(folder / "large", size), Weights(folder / "small", 40_000)
        os.sync()
        floor, hashed = medians(
            ROUNDS, lambda: seconds(["sha256sum", *large.paths]), large.hash_and_link
        )
        unchanged = statistics.median(large.make() for _ in range(20))
        floor_unchanged = statistics.median(small.make() for _ in range(20))
    show(
        [
            (f"sha256sum of {size / 1e9:.1f} GB", f"{floor:.2f} s"),
            ("hash and link", f"{hashed:.2f} s"),
            ("ratio", f"{hashed / floor:.2f}"),
            ("again, lock unchanged", f"{unchanged * 1000:.1f} ms"),
            ("the same with 40 kB", f"{floor_unchanged * 1000:.1f} ms"),
        ]
    )


if __name__ == "__main__":
    main()
