"""An image from its locks, in a store that begins with nothing but their files."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from airgap import tree
from airgap.addresses import find_locks
from airgap.cli import default_store
from airgap.image.build import ImageSpec, Stack, build_image
from airgap.locks import debian, python
from airgap.store import Blob, Store
from airgap.tree import Entry
from bench.measure import ROOT, TARGET

CORES = len(os.sched_getaffinity(0))


def demo_image() -> ImageSpec:
    return image_of(TARGET)


def image_of(target: str) -> ImageSpec:
    """All of a target's image but the apps and what they take along."""
    stacks, debs = [], {}
    for path, kind in sorted(find_locks(ROOT, target).items()):
        text = path.read_text()
        if kind == "wheelhouse":
            wheels = python.parse(text, path.name)
            stacks.append(Stack(path.stem, {wheel.filename: wheel.blob for wheel in wheels}))
        elif kind == "debian_packages":
            debs = {package.name: package.blob for package in debian.parse(text, path.name)}
    return ImageSpec("localhost/airgap/bench", debs, stacks, {})


def with_app(store: Store, spec: ImageSpec, line: str) -> ImageSpec:
    """The image with the demo's two apps; ``line`` is added to a module of one of them."""
    app: dict[str, Blob] = {}
    for package in ("agent_runner", "vllm_server"):
        for file in sorted((ROOT / "src" / package).glob("*.py")):
            added = line if file.name == "__main__.py" and package == "agent_runner" else ""
            with store.writer() as out:
                out.write(file.read_bytes() + added.encode())
            app[f"{package}/{file.name}"] = out.blob
    return replace(spec, app=app)


def write_image(store: Store, spec: ImageSpec, dest: Path) -> None:
    image = build_image(store, spec)
    tree.write(store, {path: Entry(blob) for path, blob in image.files.items()}, dest)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the store's disk, so that files can be hard links; removed at the end."""
    with tempfile.TemporaryDirectory(dir=default_store().resolve().parent, prefix="bench.") as name:
        yield Path(name)


def new_store(folder: Path, spec: ImageSpec) -> Store:
    """A store with the files that the locks name, linked from the real one, and nothing made."""
    real, store = Store(default_store()), Store(folder / "store")
    blobs = [
        *spec.debs.values(),
        *(blob for stack in spec.stacks for blob in stack.wheels.values()),
    ]
    for blob in dict.fromkeys(blobs):
        os.link(real.path(blob), folder / "input")
        store.add(folder / "input", blob)
    return store
