"""What targets are made of that locks name: from a part of a specification to blobs of the store.

Each of these raises `Missing`, with the steps that bring it, where something is not in the store,
and `AirgapError` where a lock is damaged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError
from airgap.fetch import missing
from airgap.fetch.source import find_source
from airgap.locks import debian, model, python, source
from airgap.locks.debian import Package
from airgap.locks.python import Wheel
from airgap.steps import (
    Missing,
    gather,
    lock_step,
    model_step,
    package_step,
    source_step,
    wheel_steps,
)
from airgap.store import Blob, Store, hash_file
from airgap.tree import Entry, Tree

Spec = Mapping[str, Any]
"""What the Pants plugin makes of a BUILD file's call."""

MODEL_LOCK = "model.lock"
"""In a model's folder: the lock that it was made by."""


@dataclass(frozen=True)
class Workshop:
    """Where a target is made.

    Attributes:
        store: The store, which gets the repository's own files too.
        root: The folder below which the specs' files lie.
    """

    store: Store
    root: Path

    def text(self, path: str) -> str:
        """What a file of the repository says.

        Raises:
            AirgapError: It is no text.
        """
        try:
            return (self.root / path).read_text("utf-8")
        except UnicodeDecodeError as error:
            raise AirgapError(
                "reading",
                path,
                expected="text in UTF-8",
                found=str(error),
                remedy="take the file again from where it came from, or undo the edit",
            ) from error

    def files(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Blob]:
        """Put files of the repository into the store: path that they get -> blob."""
        return {path: self._enter(source) for path, source in pairs}

    def _enter(self, path: str) -> Blob:
        blob = hash_file(self.root / path)
        if not self.store.has(blob):
            with self.store.writer(blob, doing="reading", subject=path) as out:
                out.write((self.root / path).read_bytes())
        return blob


def wheels_of(shop: Workshop, spec: Spec) -> tuple[Wheel, ...]:
    """The wheels of a stack, all in the store."""
    wheels = python.parse(shop.text(spec["lock"]), spec["lock"])
    if lacking := missing(shop.store, wheels):
        backends = spec.get("build_backends")
        text = shop.text(backends) if backends else ""
        raise Missing(wheel_steps(lacking, python.parse(text, str(backends))))
    return wheels


def packages_of(shop: Workshop, spec: Spec) -> tuple[Package, ...]:
    """The packages of an image, all in the store."""
    packages = debian.parse(shop.text(spec["lock"]), spec["lock"])
    if lacking := missing(shop.store, packages):
        raise Missing([package_step(lacking)])
    return packages


def model_tree(shop: Workshop, spec: Spec) -> Tree:
    """A model's files, all in the store, and its lock."""
    replaced_by = spec.get("replaced_by")
    if not (shop.root / spec["lock"]).exists():
        value = (
            {"folder": replaced_by}
            if replaced_by
            else {"input": shop.text(spec["input"]), "origin": spec["input"]}
        )
        raise Missing([lock_step(spec["name"], spec["lock"], value)])
    lock = model.parse(shop.text(spec["lock"]), spec["lock"])
    if lacking := missing(shop.store, lock.files):
        raise Missing([model_step(lock, lacking, replaced_by)])
    # The lock goes along: it says the licence, where the model is from and at which revision.
    files = shop.files([(MODEL_LOCK, spec["lock"])])
    return {path: Entry(blob) for path, blob in files.items()} | {
        file.path: Entry(file.blob) for file in lock.files
    }


def source_tree(shop: Workshop, spec: Spec) -> Tree:
    """The files of somebody's source, all in the store."""
    lock = source.parse(shop.text(spec["lock"]), spec["lock"])
    found = find_source(shop.store, lock)
    if found is None:
        raise Missing([source_step(lock)])
    return found


def source_trees(shop: Workshop, spec: Spec) -> dict[str, Tree]:
    """The sources that an application takes along: folder beside its packages -> tree."""
    trees = gather(*(partial(source_tree, shop, part) for part in spec["sources"]))
    folders = (f"upstream/{part['name']}" for part in spec["sources"])
    return dict(zip(folders, trees, strict=True))


def pex_name(spec: Spec) -> str:
    """What a PEX is called in a bundle, file or folder."""
    return f"{spec['name']}.pex" if spec["layout"] == "zipapp" else str(spec["name"])
