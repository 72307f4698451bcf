"""Fetches all that the locks behind a target name, with progress: the command ``fetch``."""

from pathlib import Path

from airgap.addresses import find_locks
from airgap.errors import AirgapError
from airgap.fetch import missing, progress
from airgap.fetch.debs import fetch_debs
from airgap.fetch.wheels import fetch_wheels
from airgap.locks import debian, model, python
from airgap.models.build import build_model
from airgap.store import Store


def fetch_target(store: Store, root: Path, target: str) -> None:
    """Bring a target's wheels, packages and models into the store.

    Args:
        root: The repository.
        target: An address, such as ``bundles/demo:demo``.

    Raises:
        AirgapError: There is no such target, or something cannot be had as its lock names it.
    """
    locks = find_locks(root, target)
    texts = {path: _read(path) for path in locks}
    with progress.shown() as shown:
        for path, text in texts.items():
            origin = str(path.relative_to(root))
            if path.name == "model.lock":
                build_model(store, model.parse(text, origin), shown)
            elif text.lstrip().startswith("Package:") or "\nPackage:" in text:
                fetch_debs(store, missing(store, debian.parse(text, origin)), shown)
            else:
                backends = path.with_name("sdist-build.lock")
                fetch_wheels(
                    store,
                    python.parse(text, origin),
                    shown,
                    python.parse(_read(backends), backends.name) if backends.exists() else (),
                )


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
