"""Small bundles for the tests of transport."""

from collections.abc import Mapping
from pathlib import Path

from airgap.store import Blob, Store, hash_file
from airgap.transport import manifest
from airgap.transport.contents import read_contents
from airgap.transport.parts import Transfer
from airgap.transport.transfer import write_transfer

ROOT = Path(__file__).resolve().parents[3]
"""The repository, which has the program that travels with parts."""


def make_bundle(
    folder: Path, files: Mapping[str, bytes], links: Mapping[str, str] | None = None
) -> Path:
    """A folder with a manifest, as ``./pants package`` leaves it; links are path -> target."""
    for path, data in {"bundle.conf": b"BUNDLE='small'\n", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    for path, target in (links or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(target)
    write_manifest(folder)
    return folder


def write_manifest(folder: Path) -> None:
    listed: dict[str, Blob] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file() and name not in manifest.UNLISTED:
            listed[name] = hash_file(path)
    (folder / manifest.NAME).write_bytes(manifest.render(listed))


def split_small(bundle: Path, out: Path, size: int) -> Transfer:
    """Split without recovery files, for which no store is needed."""
    contents = read_contents(bundle)
    store = Store(bundle.parent / "store")
    return write_transfer(store, ROOT, contents, contents.tree, out, size)


def bytes_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
