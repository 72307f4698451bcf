"""How many bytes the store and dist/ take together, beside those of the parts.

The parts are what is locked (wheels, sources, Debian packages, the packages that models come from)
and what is made of it (the bundle's files), each once. Files are counted once by inode, so hard
links cost nothing and copies show. Measure on a store of its own (AIRGAP_STORE), or blobs
of other bundles and of earlier locks count as well. Target: at most 1.1 times the parts.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from airgap.addresses import find_locks
from airgap.cli import default_store
from airgap.locks import debian, model, python
from airgap.locks.python import Wheel
from airgap.store import Blob
from bench.measure import BUNDLE, ROOT, TARGET, bundle_files, megabytes, show


def locked() -> Iterator[Blob]:
    """Every file that the bundle's locks name as an input."""
    for path, kind in find_locks(ROOT, TARGET).items():
        text = path.read_text()
        if kind == "wheelhouse":
            for wheel in python.parse(text, path.name):
                yield wheel.sdist.blob if wheel.sdist else wheel.blob
        elif kind == "model":
            lock = model.parse(text, path.name)
            # Where no package is fetched, the files of the model are the input.
            if isinstance(lock.origin, Wheel):
                yield lock.origin.blob
            else:
                yield from (file.blob for file in lock.files)
        else:
            yield from (package.blob for package in debian.parse(text, path.name))


def sizes(folder: Path) -> dict[tuple[int, int], int]:
    """The size in bytes of every regular file below a folder, by inode."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                stat = os.stat(path)
                found[stat.st_dev, stat.st_ino] = stat.st_size
    return found


def main() -> None:
    inputs, outputs = set(locked()), set(bundle_files().values())
    parts = sum(blob.size for blob in inputs | outputs)
    store, dist = sizes(default_store()), sizes(BUNDLE)
    used = sum((store | dist).values())
    show(
        [
            ("what is locked", megabytes(sum(blob.size for blob in inputs))),
            ("the bundle's files, each once", megabytes(sum(blob.size for blob in outputs))),
            ("both together, each once", megabytes(parts)),
            ("the store", megabytes(sum(store.values()))),
            ("dist/demo", megabytes(sum(dist.values()))),
            ("both together, by inode", megabytes(used)),
            ("ratio", f"{used / parts:.3f}"),
        ]
    )


if __name__ == "__main__":
    main()
