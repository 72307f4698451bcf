"""The lock of a model: its files, and where they come from.

JSON with sorted keys, so that a change shows as a change of its own line::

    {
     "files": [{"path": "config.json", "sha256": "<hex>", "size": 699}, …],
     "license": "Apache-2.0",
     "name": "minilm",
     "origin": {"wheel": {"filename": "…", "name": "…", "sha256": "…", "size": 1, "version": "…"}},
     "recipe": {"name": "minilm", "version": 1}
    }

``recipe`` is null where the files are the origin's own; else it names the step that makes them,
and ``files`` are what must come out. The other origins are ``{"modelscope": {"commit": "…", "id":
"qwen/Qwen1.5-7B-Chat", "revision": "master"}}`` and ``{"folder": {}}``.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from airgap.locks.fields import parse_blob
from airgap.locks.model_origin import Origin, origin_value, parse_origin
from airgap.locks.problems import Problems
from airgap.store import Blob


@dataclass(frozen=True, order=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: Below the model's folder, with slashes: ``1_Pooling/config.json``.
        blob: Size and sha256 of the file.
    """

    path: str
    blob: Blob


@dataclass(frozen=True)
class Conversion:
    """The step that makes a model's files from its origin.

    Attributes:
        name: What the step is called in `airgap.models`.
        version: Raised when the step gives other bytes than before.
    """

    name: str
    version: int


@dataclass(frozen=True)
class ModelLock:
    """A model as it is in the bundle.

    Attributes:
        name: The folder under ``models/``.
        license: An SPDX expression.
        origin: What holds the weights.
        recipe: The step between the origin and the files, if any.
        files: Sorted by path.
    """

    name: str
    license: str
    origin: Origin
    recipe: Conversion | None
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """The sum of all files, in bytes."""
        return sum(file.blob.size for file in self.files)

    @property
    def variable(self) -> str:
        """The environment variable that can name a folder with the model's files."""
        return variable_of(self.name)


def variable_of(name: str) -> str:
    """The environment variable that can name a folder with the files of the model of this name."""
    return "AIRGAP_MODEL_" + re.sub(r"\W", "_", name.upper())


_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_KEYS = {"files", "license", "name", "origin", "recipe"}


def parse(text: str, origin: str) -> ModelLock:
    """Read a model lock. ``origin`` is the file's name, for messages.

    Raises:
        AirgapError: With every problem of the file and its place.
    """
    problems = Problems(origin)
    lock = _lock(text, problems)
    problems.check(
        "a model lock: name, license, origin, recipe, and each file once with its size and sha256",
        "make the lock anew from its `model.toml`, or undo the edit",
    )
    assert lock is not None
    return lock


def render(lock: ModelLock) -> str:
    """The text of the lock."""
    value = {
        "name": lock.name,
        "license": lock.license,
        "origin": origin_value(lock.origin),
        "recipe": lock.recipe and asdict(lock.recipe),
        "files": [{"path": file.path, **asdict(file.blob)} for file in sorted(lock.files)],
    }
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _lock(text: str, problems: Problems) -> ModelLock | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.add(getattr(error, "lineno", 1), f"not JSON: {error}")
        return None
    if not _has_keys(value, _KEYS):
        problems.add("the lock", f"should be an object of {', '.join(sorted(_KEYS))}")
        return None
    if not isinstance(value["name"], str) or not _NAME.fullmatch(value["name"]):
        problems.add("name", f"not a folder's name: {value['name']!r}")
    if not isinstance(value["license"], str) or not value["license"].strip():
        problems.add("license", f"not an SPDX expression: {value['license']!r}")
    origin = parse_origin(value["origin"], problems)
    recipe = _recipe(value["recipe"], problems)
    files = _files(value["files"], problems)
    if origin is None:
        return None
    return ModelLock(value["name"], value["license"], origin, recipe, files)


def _recipe(value: Any, problems: Problems) -> Conversion | None:
    if value is None:
        return None
    if (
        not _has_keys(value, {"name", "version"})
        or not isinstance(value["name"], str)
        or type(value["version"]) is not int
    ):
        problems.add("recipe", "should be null, or a name and a whole number as its version")
        return None
    return Conversion(value["name"], value["version"])


def _files(value: Any, problems: Problems) -> tuple[ModelFile, ...]:
    if not isinstance(value, list) or not value:
        problems.add("files", "should be a list of at least one file")
        return ()
    files: dict[str, ModelFile] = {}
    for index, entry in enumerate(value):
        place = f"files[{index}]"
        if not _has_keys(entry, {"path", "size", "sha256"}):
            problems.add(place, "should have path, size and sha256")
            continue
        path = entry["path"]
        if not isinstance(path, str) or not is_safe_path(path):
            problems.add(place, f"not a path below the model's folder: {path!r}")
            continue
        if path in files:
            problems.add(place, f"`{path}` is locked twice")
        blob = parse_blob(entry, place, problems)
        if blob is not None:
            files[path] = ModelFile(path, blob)
    for path in _files_that_are_folders(files):
        problems.add("files", f"`{path}` is both a file and a folder")
    return tuple(sorted(files.values()))


def is_safe_path(path: str) -> bool:
    """Whether a path stays below its folder on every system and in a line of a manifest."""
    parts = path.split("/")
    return (
        path.isprintable()
        and not set(path) & set('\\:*?"<>|')
        and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
    )


def _files_that_are_folders(paths: Iterable[str]) -> list[str]:
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return sorted(folders.intersection(paths))


def _has_keys(value: Any, keys: set[str]) -> bool:
    return isinstance(value, dict) and value.keys() == keys
