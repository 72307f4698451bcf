"""The lock of somebody's source: a commit, and the git ids of what is used of it.

TOML, by hand or by machine::

    name = "modelscope_agent"
    url = "https://github.com/modelscope/modelscope-agent"
    commit = "<40 hex>"

    [trees]
    "apps/agentfabric" = "<40 hex>"

    [files]
    "LICENSE" = "<40 hex>"
    "apps/agentfabric/app.py" = "<40 hex>"
    "apps/agentfabric/start.sh" = "<40 hex> 100755"

    [filler]
    name = "modelscope-agent"
    …

``trees`` are the folders that are used, by the ids that git gives to them; they and the commit are
what is pinned. ``files`` are all files in those folders, and single files beside them, by their
blob ids and, where it is not 100644, the mode. A tree id tells only *that* something differs; the
files tell what. ``filler`` is a wheel whose files may stand in for those that a copy of the source
lacks, where their ids are the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airgap.locks.fields import WHEEL_KEYS, parse_wheel, wheel_value
from airgap.locks.model import is_safe_path
from airgap.locks.problems import Problems
from airgap.locks.python import Wheel
from airgap.toml import parse_toml

PLAIN, EXECUTABLE, LINK = "100644", "100755", "120000"
"""The modes that git gives to files; a link's content is the path that it leads to."""


@dataclass(frozen=True)
class GitFile:
    """An entry of a git tree.

    Attributes:
        id: The git blob id: 40 hex digits.
        mode: Of a lock's file `PLAIN`, `EXECUTABLE` or `LINK`.
    """

    id: str
    mode: str = PLAIN

    def __str__(self) -> str:
        return self.id if self.mode == PLAIN else f"{self.id} {self.mode}"


@dataclass(frozen=True)
class SourceLock:
    """A source at one commit.

    Attributes:
        name: What settings and folders call it: ``modelscope_agent``.
        url: Where git fetches it.
        commit: 40 hex digits.
        trees: Folder -> git tree id.
        files: Path -> file; all files of the folders, and those beside them.
        filler: A wheel with some of the files, if there is one.
    """

    name: str
    url: str
    commit: str
    trees: Mapping[str, str]
    files: Mapping[str, GitFile]
    filler: Wheel | None = None

    @property
    def variable(self) -> str:
        """The environment variable that names a copy of this source."""
        return f"AIRGAP_SOURCE_{self.name.upper()}"

    @property
    def paths(self) -> list[str]:
        """What is used, as short as can be said: the folders, and the files beside them."""
        inside = tuple(f"{tree}/" for tree in self.trees)
        return [*self.trees, *(path for path in self.files if not path.startswith(inside))]


NAME = re.compile(r"[a-z][a-z0-9_]*")
ID = re.compile(r"[0-9a-f]{40}")
_FILE = re.compile(r"([0-9a-f]{40})(?: (100755|120000))?")
_KEYS = {"name", "url", "commit", "trees", "files"}


def parse(text: str, origin: str) -> SourceLock:
    """Read a lock. ``origin`` is the file's name, for messages.

    Raises:
        AirgapError: With every problem of the file and its place.
    """
    problems = Problems(origin)
    lock = _lock(text, problems)
    problems.check(
        "a source lock: name, url, commit, trees, files and perhaps a filler",
        "make the lock anew from its `source.toml`, or undo the edit",
    )
    assert lock is not None
    return lock


def render(lock: SourceLock, heading: str | None = None) -> str:
    """The text of the lock."""
    lines = [f"# {heading}"] if heading else []
    lines += [f"{key} = {_quoted(getattr(lock, key))}" for key in ("name", "url", "commit")]
    lines += ["", "[trees]"]
    lines += [f"{_quoted(path)} = {_quoted(id)}" for path, id in sorted(lock.trees.items())]
    lines += ["", "[files]"]
    lines += [f"{_quoted(path)} = {_quoted(str(f))}" for path, f in sorted(lock.files.items())]
    if lock.filler is not None:
        lines += ["", "[filler]"]
        for key, value in wheel_value(lock.filler).items():
            lines.append(f"{key} = {value if isinstance(value, int) else _quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # Nothing in a lock needs escapes: `_lock` takes printable text without quotes and backslashes.
    return f'"{text}"'


def _lock(text: str, problems: Problems) -> SourceLock | None:
    try:
        value = parse_toml(text)
    except ValueError as error:
        problems.add("the lock", f"not TOML: {error}")
        return None
    if value.keys() - {"filler"} != _KEYS:
        problems.add("the lock", f"should have {', '.join(sorted(_KEYS))}, not {', '.join(value)}")
        return None
    name, url, commit = value["name"], value["url"], value["commit"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        problems.add("name", f"not lower-case letters, digits and underscores: {name!r}")
    if not isinstance(url, str) or not is_url(url):
        problems.add("url", f"not an address that git takes: {url!r}")
    if not isinstance(commit, str) or not ID.fullmatch(commit):
        problems.add("commit", f"not 40 hex digits: {commit!r}")
    trees, files = _trees(value["trees"], problems), _files(value["files"], problems)
    for path in sorted(trees):
        if not any(file.startswith(f"{path}/") for file in files):
            problems.add(f"trees.{path}", "none of `files` is in it")
        if any(other.startswith(f"{path}/") for other in trees):
            problems.add(f"trees.{path}", "another of `trees` is in it")
    filler = _filler(value["filler"], problems) if "filler" in value else None
    return SourceLock(name, url, commit, trees, files, filler)


def is_url(url: str) -> bool:
    """Whether git can be given this address, and a line of a lock can hold it."""
    return url.isprintable() and not set(url) & set(' "\\') and bool(url) and url[0] != "-"


def _trees(value: Any, problems: Problems) -> dict[str, str]:
    found = {}
    for path, id in _paths(value, "trees", problems):
        if ID.fullmatch(id):
            found[path] = id
        else:
            problems.add(f"trees.{path}", f"not a git tree id in 40 hex digits: {id!r}")
    return found


def _files(value: Any, problems: Problems) -> dict[str, GitFile]:
    found = {}
    for path, text in _paths(value, "files", problems):
        if match := _FILE.fullmatch(text):
            found[path] = GitFile(match[1], match[2] or PLAIN)
        else:
            problems.add(f"files.{path}", f"not a git blob id, perhaps with a mode: {text!r}")
    return found


def _paths(value: Any, table: str, problems: Problems) -> list[tuple[str, str]]:
    if not isinstance(value, dict) or not value:
        problems.add(table, "should be a table of at least one path")
        return []
    for path, id in value.items():
        if not is_safe_path(path) or ".git" in path.lower().split("/"):
            problems.add(table, f"not a path below the source's folder: {path!r}")
        elif not isinstance(id, str):
            problems.add(f"{table}.{path}", f"should be text, not {id!r}")
    return [(path, id) for path, id in value.items() if isinstance(id, str)]


def _filler(value: Any, problems: Problems) -> Wheel | None:
    if not isinstance(value, dict) or value.keys() != WHEEL_KEYS:
        problems.add("filler", f"should be a wheel with {', '.join(sorted(WHEEL_KEYS))}")
        return None
    return parse_wheel(value, "filler", problems)
