"""Folders made of blobs: what a target is, before it is written into ``dist/``."""

import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from airgap.store import BLOB_MTIME, Blob, Store


@dataclass(frozen=True)
class Entry:
    """One file of a tree.

    Attributes:
        blob: The content, or of a link the content that it leads to.
        executable: Whether people run it by its name.
        link: Where a symbolic link points, relative to its own folder; `None` for a plain file.
    """

    blob: Blob
    executable: bool = False
    link: str | None = None


Tree = dict[str, Entry]
"""Entries by path, relative, with ``/``. A tree whose only path is ``""`` is a single file."""


def below(folder: str, tree: Tree) -> Tree:
    """The same tree, moved into a folder; a single file gets the folder's name."""
    return {f"{folder}/{path}" if path else folder: entry for path, entry in tree.items()}


def write(
    store: Store, tree: Tree, dest: Path, *, last: str = "", keep: Collection[str] = ()
) -> None:
    """Make ``dest`` hold the tree and nothing else, by hard links into the store.

    A new folder appears whole, by one rename. An existing one is changed file by file, because
    containers may have parts of it mounted; ``last`` names the file that is taken away first and
    written last, so that an interrupted change is seen to be one. What is right already is left
    alone at the cost of one ``lstat`` a file.

    Args:
        last: The path of the file that says that the folder is whole.
        keep: Names at the top of the folder that belong to the user.
    """
    if "" in tree:
        if dest.is_dir() and not dest.is_symlink():
            shutil.rmtree(dest)
        store.link(tree[""].blob, dest, executable=tree[""].executable)
        return
    for leftover in dest.parent.glob(f".{dest.name}.*.partial"):
        shutil.rmtree(leftover)
    if dest.is_dir() and not dest.is_symlink():
        _update(store, tree, dest, last, keep)
        return
    partial = dest.with_name(f".{dest.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True)
        _update(store, tree, partial, last, keep)
        dest.unlink(missing_ok=True)
        partial.rename(dest)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _update(store: Store, tree: Tree, dest: Path, last: str, keep: Collection[str]) -> None:
    folders = {""}
    for path in tree:
        while path := os.path.dirname(path):
            folders.add(path)
    stale = [path for path in tree if not _is_there(store, tree[path], dest / path)]
    extra = [path for path in _walk(dest, keep) if path not in tree and path not in folders]
    clash = [path for path in folders if path and _is_file(dest / path)]
    clash += [path for path in tree if (dest / path).is_dir() and not (dest / path).is_symlink()]
    if not (stale or extra or clash):
        return
    (dest / last).unlink(missing_ok=True) if last else None
    for path in [*extra, *clash]:
        _remove(dest / path)
    for path in sorted(folders):
        (dest / path).mkdir(exist_ok=True)
        (dest / path).chmod(0o755)
    for path in sorted(stale, key=lambda path: (path == last, path)):
        _put(store, tree[path], dest / path)
    if last and last in tree and last not in stale:
        _put(store, tree[last], dest / last)
    for path in folders:
        os.utime(dest / path, (BLOB_MTIME, BLOB_MTIME))


def _put(store: Store, entry: Entry, dest: Path) -> None:
    if entry.link is None:
        store.link(entry.blob, dest, executable=entry.executable)
        return
    partial = dest.with_name(f".{dest.name}.{secrets.token_hex(4)}")
    os.symlink(entry.link, partial)
    os.utime(partial, (BLOB_MTIME, BLOB_MTIME), follow_symlinks=False)
    os.replace(partial, dest)


def _is_there(store: Store, entry: Entry, dest: Path) -> bool:
    try:
        found = dest.lstat()
    except OSError:
        return False
    if entry.link is not None:
        return dest.is_symlink() and os.readlink(dest) == entry.link
    wanted = store.path(entry.blob).stat()
    if entry.executable and not found.st_mode & 0o100:
        return False
    if found.st_dev != wanted.st_dev:
        return found.st_size == wanted.st_size and found.st_mtime_ns == wanted.st_mtime_ns
    return os.path.samestat(found, wanted)


def _walk(dest: Path, keep: Collection[str]) -> Iterator[str]:
    """Every file and folder below ``dest``, folders after what is in them."""
    for folder, folders, files in os.walk(dest, topdown=False):
        relative = os.path.relpath(folder, dest)
        for name in [*files, *folders]:
            path = name if relative == "." else f"{relative}/{name}"
            if path.split("/", 1)[0] not in keep:
                yield path


def _is_file(path: Path) -> bool:
    return path.is_symlink() or (path.exists() and not path.is_dir())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
