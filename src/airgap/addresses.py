"""Finds the locks behind a target address, for the commands that run without Pants' engine.

BUILD files are Python expressions; they are read here, never run. An address is followed through
the string literals of its call, so a bundle leads to the locks of its image, models and stacks.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError

DEFAULT_LOCKS = {
    "wheelhouse": None,
    "debian_packages": None,
    "model": "model.lock",
    "git_source": "source.lock",
}
"""The kinds of target that have a lock, and the lock's name where a BUILD file gives none."""


def find_locks(root: Path, address: str) -> dict[Path, str]:
    """The lock files that the target needs, with the kind of target that each belongs to.

    Args:
        root: The repository.
        address: ``folder:name``, ``folder`` for the target named like its folder, or ``folder:``
            for all targets of the folder.

    Raises:
        AirgapError: There is no such folder or target, or nothing behind it has a lock.
    """
    locks = dict(_follow(root, address, "", set(), top=True))
    if not locks:
        raise AirgapError(
            "looking for locks behind",
            address,
            found="no wheelhouse, debian_packages, model or git_source",
            remedy="name such a target, or a bundle, image or PEX made of them",
        )
    return locks


def find_bundles(root: Path, address: str) -> list[str]:
    """The names of the bundles at an address, which are those of their folders in ``dist/``.

    Raises:
        AirgapError: There is none.
    """
    folder, colon, name = address.removeprefix("//").partition(":")
    wanted = name or ("" if colon else Path(folder).name)
    build = root / folder / "BUILD"
    found = [
        str(keywords.get("name", Path(folder).name))
        for _, kind, keywords in (_calls(build) if build.is_file() else ())
        if kind == "airgap_bundle"
    ]
    if names := [name for name in found if wanted in ("", name)]:
        return names
    raise AirgapError(
        "looking for the bundle",
        address,
        expected=f"an `airgap_bundle` in {folder}/BUILD",
        found=", ".join(found) or "none",
    )


def _follow(
    root: Path, address: str, base: str, seen: set[tuple[str, str]], top: bool = False
) -> Iterator[tuple[Path, str]]:
    folder, colon, name = address.removeprefix("//").partition(":")
    folder = folder or base
    build = root / folder / "BUILD"
    if not build.is_file():
        if top:
            raise AirgapError(
                "looking for the target", address, expected=f"a file `{folder}/BUILD`"
            )
        return
    every = bool(colon) and not name
    name = name or Path(folder).name
    found = False
    for call, kind, keywords in _calls(build):
        own = keywords.get("name", Path(folder).name)
        if not (every or own == name) or (folder, str(own)) in seen:
            continue
        found = True
        seen.add((folder, str(own)))
        if kind in DEFAULT_LOCKS:
            yield root / folder / str(keywords.get("lock", DEFAULT_LOCKS[kind])), kind
            continue
        for node in ast.walk(call):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _follow(root, node.value, folder, seen)
    if top and not found:
        raise AirgapError(
            "looking for the target", address, expected=f"a target `{name}` in {folder}/BUILD"
        )


def _calls(build: Path) -> Iterator[tuple[ast.Call, str, dict[str, Any]]]:
    try:
        module = ast.parse(build.read_text(), filename=str(build))
    except SyntaxError as error:
        raise AirgapError("reading", str(build), found=str(error)) from error
    for statement in module.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            keywords: dict[str, Any] = {
                k.arg: k.value.value
                for k in call.keywords
                if k.arg and isinstance(k.value, ast.Constant)
            }
            yield call, call.func.id, keywords
