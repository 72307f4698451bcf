"""Locks a model in a folder, such as one that was tuned here: its hashes are computed."""

import json
import struct
from collections.abc import Collection
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError
from airgap.locks.model import ModelFile, ModelLock, is_safe_path
from airgap.locks.model_origin import FolderOrigin
from airgap.models.pickles import refuse_pickled_content
from airgap.models.selection import files_to_serve
from airgap.store import hash_file

_DOING = "making the lock of the model in"
_NO_SUCH = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
"""What comes of JSON that is none, or not of the form that it should have."""


def folder_lock(name: str, license: str, folder: Path) -> ModelLock:
    """The lock of the folder's files, as far as serving needs them; reads each of them once.

    Raises:
        AirgapError: There are no weights that can be used, one is cut short, or one is missing.
    """
    if not folder.is_dir():
        raise _fault(folder, "a folder", "a file" if folder.exists() else "nothing there")
    found = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    paths = files_to_serve(str(folder), filter(is_safe_path, found))
    for path in paths:
        if path.endswith(".safetensors"):
            _check_weights(folder / path)
        elif path.endswith(".safetensors.index.json"):
            _check_index(folder / path, paths)
    files = tuple(ModelFile(path, hash_file(folder / path)) for path in paths)
    return ModelLock(name, license, FolderOrigin(), None, files)


def _check_weights(path: Path) -> None:
    """Compare the size with what the header says, before gigabytes are hashed for nothing.

    The format: https://github.com/huggingface/safetensors, "Format".
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        refuse_pickled_content(str(path.parent), path.name, start)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        # Longer than any header is, so this is not one.
        header = file.read(length) if length <= min(size, 100_000_000) else b""
    try:
        tensors: dict[str, Any] = json.loads(header)
        ends = [t["data_offsets"][1] for n, t in tensors.items() if n != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
    except _NO_SUCH as error:
        raise _fault(path, "a safetensors file with its header", f"{size} bytes without") from error
    if size != whole:
        found = f"{size} bytes" + (", as if it had been cut short" if size < whole else "")
        raise _fault(path, f"{whole} bytes, as its header says", found)


def _check_index(path: Path, locked: Collection[str]) -> None:
    try:
        named = set(json.loads(path.read_text("utf-8"))["weight_map"].values())
    except _NO_SUCH as error:
        raise _fault(path, "JSON with a `weight_map`", str(error)) from error
    for name in sorted(map(str, named)):
        if name not in locked:
            there = is_safe_path(name) and (path.parent / name).is_file()
            found = "one that would not be taken along" if there else "no such file"
            subject = path.parent / name[:255]
            raise _fault(subject, f"a file of weights, as {path.name} says", found)


def _fault(path: Path, expected: str, found: str) -> AirgapError:
    return AirgapError(
        _DOING,
        str(path),
        expected=expected,
        found=found,
        remedy="copy the model anew, whole, or name the folder that has it",
    )
