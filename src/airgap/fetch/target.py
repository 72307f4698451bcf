"""Fetches all that the locks behind a target name, with progress: the command ``fetch``."""

from pathlib import Path

from airgap.addresses import find_locks
from airgap.errors import AirgapError
from airgap.fetch import progress
from airgap.fetch.debs import fetch_debs
from airgap.fetch.source import fetch_source
from airgap.fetch.wheels import fetch_wheels
from airgap.locks import debian, model, python, source
from airgap.models.build import build_model
from airgap.store import Store


def fetch_target(store: Store, root: Path, target: str) -> None:
    """Bring a target's wheels, packages, models and sources into the store, and say that it did.

    Args:
        root: The repository.
        target: An address, such as ``bundles/demo:demo``.

    Raises:
        AirgapError: There is no such target, or something cannot be had as its lock names it.
    """
    locks = find_locks(root, target)
    with progress.shown() as shown:
        for path, kind in locks.items():
            text, origin = _read(path), str(path.relative_to(root))
            if kind == "model":
                build_model(store, model.parse(text, origin), shown)
            elif kind == "git_source":
                fetch_source(store, source.parse(text, origin), shown)
            elif kind == "debian_packages":
                fetch_debs(store, debian.parse(text, origin), shown)
            else:
                backends = path.with_name("sdist-build.lock")
                built_with = python.parse(_read(backends), backends.name)
                fetch_wheels(store, python.parse(text, origin), shown, built_with)
    print(f"{target}: what its locks name is in the store {store.root} (locks: {len(locks)})")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise AirgapError(
            "reading the lock",
            str(path),
            found="no such file",
            remedy="make it: ./pants run src/airgap:airgap -- lock <address>",
        ) from error
