"""Makes a source's lock anew from its `source.toml`.

The input is short::

    name = "modelscope_agent"
    url = "https://github.com/modelscope/modelscope-agent"
    commit = "<40 hex>"
    paths = ["apps/agentfabric", "LICENSE"]
    filler = "modelscope-agent==0.4.0"

``filler``, a wheel that has some of the files too, may be left out.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError
from airgap.fetch.git import GitError, Repository
from airgap.locks.model import is_safe_path
from airgap.locks.source import ID, NAME, GitFile, SourceLock, is_url, parse, render
from airgap.resolve.output import heading, read_text, write_lock
from airgap.resolve.wheel import fetch_release
from airgap.store import Store
from airgap.toml import parse_toml

_FOLDER = "040000"


def lock_source(source_toml: Path, lock_path: Path) -> None:
    """Write the lock: ask git for the ids at the commit, and pip for the filler.

    Fetches the commit's list of files, without the files where the host can do that.

    Raises:
        AirgapError: The input makes no sense, git cannot fetch the commit, or it lacks a path.
    """
    given = _read(source_toml)
    name, url, commit = given["name"], given["url"], given["commit"]
    with tempfile.TemporaryDirectory(prefix="airgap-lock-") as work:
        repository = Repository(Path(work, "git"))
        try:
            repository.ask(url)
            repository.fetch(url, commit, contents=False)
        except GitError as error:
            raise AirgapError(
                "fetching the source",
                name,
                expected=f"commit {commit} from {url}",
                found=f"git says: {error}",
                remedy="make the lock where git reaches it; a copy without git's history does"
                " not tell what belongs to a commit",
            ) from error
        found = repository.ids(commit, given["paths"])
        for path in given["paths"]:
            if path not in found:
                raise AirgapError(
                    "making the lock of", name, expected=path, found=f"no such path at {commit}"
                )
        trees = {path: entry.id for path, entry in found.items() if entry.mode == _FOLDER}
        files: dict[str, GitFile] = repository.files(commit, *given["paths"])
        wheel = None
        if "filler" in given:
            wheel = fetch_release(given["filler"], Path(work, "wheels"), Store(Path(work, "store")))
    lock = SourceLock(name, url, commit, trees, files, wheel)
    text = render(lock, heading(source_toml))
    # What the lock cannot hold, a submodule say, is told as when it is read.
    parse(text, str(lock_path))
    write_lock(lock_path, text)


def _read(source_toml: Path) -> dict[str, Any]:
    try:
        given = parse_toml(read_text(source_toml))
        found = ", ".join(sorted(given))
    except ValueError as error:
        given, found = {}, str(error)
    checks: dict[str, Callable[[str], object]] = {
        "name": NAME.fullmatch,
        "url": is_url,
        "commit": ID.fullmatch,
        "filler": lambda value: value.count("==") == 1,
    }
    wrong = [
        key
        for key, check in checks.items()
        if (key in given or key != "filler")
        and not (isinstance(given.get(key), str) and check(given[key]))
    ]
    paths = given.get("paths")
    if not (isinstance(paths, list) and paths and all(map(_is_path, paths))):
        wrong.append("paths")
    wrong += given.keys() - checks.keys() - {"paths"}
    if wrong:
        raise AirgapError(
            "reading",
            str(source_toml),
            expected="name (a-z, 0-9, _), url, commit (40 hex digits), paths (a list) and perhaps"
            " filler (name==version)",
            found=f"{found or 'nothing'}; wrong or missing: {', '.join(wrong)}",
            remedy="correct the file; third_party/modelscope_agent/source.toml is an example",
        )
    return given


def _is_path(path: object) -> bool:
    return isinstance(path, str) and is_safe_path(path)
