"""Brings a locked source into the store, by whatever way this machine has.

A copy that the user names comes first, then git. Neither is trusted: every file must have the id
of the lock, and every folder the tree id that git gives to what arrived.
"""

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from airgap.errors import AirgapError, UnavailableError
from airgap.fetch.git import Content, GitError, Repository
from airgap.fetch.named_copy import how_to_name, named_copy
from airgap.fetch.progress import Progress
from airgap.fetch.source_copy import Found, open_copy
from airgap.fetch.wheels import fetch_wheels
from airgap.locks.source import EXECUTABLE, LINK, GitFile, SourceLock
from airgap.store import Blob, Recipe, Store
from airgap.tree import Entry, Tree

_DOING = "checking the source"


def find_source(store: Store, lock: SourceLock) -> Tree | None:
    """The source's files as a tree, if they were brought before; a link is the file it leads to."""
    outputs = store.result(_recipe(lock))
    if outputs is None:
        return None
    modes = {path: lock.files[path].mode for path in outputs}
    return {path: Entry(blob, modes[path] == EXECUTABLE) for path, blob in outputs.items()}


def fetch_source(store: Store, lock: SourceLock, progress: Progress) -> None:
    """Bring the source's files into the store, or nothing.

    Reads and writes every byte three times, of which git does the first two: into a repository of
    its own, and out of it.

    Raises:
        UnavailableError: No copy is named, and git cannot fetch the commit; or there is no git.
        AirgapError: What came is not what the lock names, with path, expected and found.
    """
    recipe = _recipe(lock)
    with store.lock(f"recipe-{recipe.key}"):
        if store.result(recipe) is not None:
            return
        progress.expect(1, 0)
        copy = named_copy("sources", lock.name, lock.variable)
        origin = lock.url if copy is None else str(copy)
        try:
            with store.workdir() as work:
                repository = Repository(work / "git")
                if copy is None:
                    _ask(repository, lock)
                    repository.fetch(lock.url, lock.commit)
                    tree = lock.commit
                else:
                    tree = _take_in(store, repository, lock, copy, progress)
                _check_ids(repository, lock, tree, origin)
                blobs = repository.export(store, lock.files)
        except GitError as error:
            raise AirgapError(
                f"bringing the source {lock.name} from",
                origin,
                expected=f"commit {lock.commit}",
                found=f"git says: {error}",
                remedy="look at what git says, then run the same command again",
            ) from error
        store.record(recipe, _without_links(store, lock, blobs))
        progress.end(f"source {lock.name}", 0)


def _recipe(lock: SourceLock) -> Recipe:
    # Not the commit: by whatever commit they came, these files are these files.
    files = {path: str(file) for path, file in lock.files.items()}
    return Recipe("source", 1, {"trees": dict(lock.trees), "files": files})


def _ask(repository: Repository, lock: SourceLock) -> None:
    try:
        repository.ask(lock.url)
    except GitError as error:
        raise UnavailableError(
            "fetching the source",
            lock.name,
            expected=f"commit {lock.commit} from {lock.url}",
            found=f"git says: {error}",
            remedy="let git reach it, or name a copy, a folder or a tar: "
            + how_to_name("sources", lock.name, lock.variable),
        ) from error


def _take_in(
    store: Store, repository: Repository, lock: SourceLock, copy: Path, progress: Progress
) -> str:
    """The tree of the copy's files and of those that the filler stands in for."""
    with open_copy(copy, lock.paths) as found:
        _check_paths(lock, copy, found)
        gaps = sorted(lock.files.keys() - found.keys())
        if gaps and lock.filler is not None:
            fetch_wheels(store, [lock.filler], progress)
            found |= _fillings(repository, lock, store.path(lock.filler.blob), gaps)
        for path in gaps:
            if path not in found:
                raise _gap(lock, copy, path)
        return repository.take_in(_opened(found))


def _check_paths(lock: SourceLock, copy: Path, found: Mapping[str, Found]) -> None:
    extra = sorted(found.keys() - lock.files.keys())
    if not extra:
        return
    left = "__pycache__" in extra[0].split("/") or extra[0].endswith(".pyc")
    raise AirgapError(
        _DOING,
        f"{copy}: {extra[0]}",
        expected=f"no such file at commit {lock.commit}",
        found=f"a file, and {len(extra) - 1} more that the commit does not have",
        remedy="remove the byte-code that running the source has left there"
        if left
        else "remove it, or name a copy of the source as it is in git",
    )


def _fillings(
    repository: Repository, lock: SourceLock, wheel: Path, gaps: list[str]
) -> dict[str, Found]:
    """Those of the wheel's files that are a missing one, byte for byte; reads each into memory."""
    filled = {}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for path in gaps:
            wanted = lock.files[path]
            # A wheel keeps the files from the top of a source, licences, among its own notes.
            notes = [n for n in names if n.endswith(f"/{path}") and ".dist-info/" in n]
            for name in [path, *notes]:
                if name not in names or wanted.mode == LINK:
                    continue
                data = archive.read(name)
                if repository.hash(data) == wanted.id:
                    filled[path] = Found(wanted.mode, _opener(data))
                    break
    return filled


def _opener(data: bytes) -> Callable[[], Content]:
    return lambda: Content(io.BytesIO(data), len(data))


def _gap(lock: SourceLock, copy: Path, path: str) -> AirgapError:
    found = "no such file"
    if lock.filler is not None:
        found += f", nor one with this id in the wheel {lock.filler.filename}"
    return AirgapError(
        _DOING,
        f"{copy}: {path}",
        expected=f"git blob id {lock.files[path].id}",
        found=found,
        remedy="name a whole copy of the source",
    )


def _opened(found: Mapping[str, Found]) -> Iterator[tuple[str, str, Content]]:
    for path in sorted(found):
        content = found[path].open()
        with content.file:
            yield path, found[path].mode, content


def _check_ids(repository: Repository, lock: SourceLock, tree: str, origin: str) -> None:
    """Compare what arrived with the lock, files first, because they tell more than folders."""
    found = repository.files(tree, *lock.paths)
    for path in sorted(lock.files.keys() | found.keys()):
        wanted, here = lock.files.get(path), found.get(path)
        if wanted != here:
            raise AirgapError(
                _DOING,
                f"{origin}: {path}",
                expected=_told(wanted),
                found=_told(here),
                remedy=_remedy(repository, wanted, here),
            )
    folders = repository.ids(tree, lock.trees)
    for path, id in sorted(lock.trees.items()):
        if folders[path].id != id:
            raise AirgapError(
                _DOING,
                f"{origin}: {path}",
                expected=f"git tree id {id}",
                found=f"git tree id {folders[path].id}, though each file is that of the lock",
                remedy="make the lock anew; its files and its trees are not of one commit",
            )


def _told(file: GitFile | None) -> str:
    return "no such file" if file is None else f"git blob id {file.id}, mode {file.mode}"


def _remedy(repository: Repository, wanted: GitFile | None, found: GitFile | None) -> str:
    if wanted is not None and found is not None:
        if wanted.id == found.id:
            return "bring the copy as a tar, which keeps the modes of files"
        if repository.hash(repository.read(found).replace(b"\r\n", b"\n")) == wanted.id:
            return "its line ends were changed: check the source out with core.autocrlf=false"
    return "name a copy of the source as it is in git at the lock's commit"


def _without_links(store: Store, lock: SourceLock, blobs: Mapping[str, Blob]) -> dict[str, Blob]:
    """The same files, each link replaced by the file that it leads to."""

    def followed(path: str, links: int = 0) -> Blob:
        if lock.files[path].mode != LINK:
            return blobs[path]
        target = store.path(blobs[path]).read_text("utf-8", "surrogateescape")
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if inside not in lock.files or links > len(lock.files):
            raise AirgapError(
                _DOING,
                path,
                expected="a link to another file of what is used of the source",
                found=f"a link to {target}",
                remedy="leave the link's folder out of the lock, or take in what it leads to",
            )
        return followed(inside, links + 1)

    return {path: followed(path) for path in blobs}
