"""Makes one target in ``dist/``, or says what is left to be done before that is possible."""

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airgap import bundle, tree
from airgap.fetch.progress import human
from airgap.inputs import Spec, Workshop
from airgap.steps import Missing
from airgap.store import Store, hash_file
from airgap.targets import replaced_models, target_tree
from airgap.transport import manifest
from airgap.transport.contents import SIGNATURE
from airgap.tree import Tree


def make(store: Store, spec: Spec, root: Path, dest: Path, receipt: Path) -> list[dict[str, Any]]:
    """Write the target to ``dest`` and its receipt, or return the steps that must run first.

    Args:
        spec: What the Pants plugin made of the BUILD file's call.
        root: The folder that holds the files which the spec names.
        receipt: Gets the names, sizes and hashes of all files, and a summary for people. Empty
            where steps are returned.

    Raises:
        AirgapError: The target cannot be made at all.
    """
    receipt.parent.mkdir(parents=True, exist_ok=True)
    try:
        files = target_tree(Workshop(store, root), spec)
    except Missing as missing:
        receipt.touch()
        return [dataclasses.asdict(step) for step in missing.steps]
    write_target(store, files, dest)
    receipt.write_text(json.dumps(_receipt(spec, root, files), indent=1) + "\n")
    return []


def write_target(store: Store, files: Tree, dest: Path) -> None:
    """Make ``dest`` hold the files and what is the user's: the settings of a bundle, and its
    signature for as long as the manifest is the one that was signed."""
    keep = [bundle.OPERATOR_CONF]
    if manifest.NAME in files and _digest(dest) == files[manifest.NAME].blob.sha256:
        keep.append(SIGNATURE)
    tree.write(store, files, dest, last=manifest.NAME, keep=keep)


def _digest(folder: Path) -> str | None:
    try:
        return manifest.digest((folder / manifest.NAME).read_bytes())
    except OSError:
        return None


def inputs(spec: Spec, root: Path) -> dict[str, str]:
    """The sha256 of each of the repository's files that the specification names, by path."""
    paths = {text for text in _strings(spec) if os.path.isfile(root / text)}
    return {path: hash_file(root / path).sha256 for path in sorted(paths)}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _receipt(spec: Spec, root: Path, files: Tree) -> dict[str, Any]:
    # As `airgap verify` counts: what they take on a medium, where links take nothing.
    sizes = [entry.blob.size for entry in files.values() if entry.link is None]
    links = len(files) - len(sizes)
    count = f"{len(sizes)} files" + (f" and {links} links to them" if links else "")
    summary = [f"  {count}, {human(sum(sizes))}"]
    if manifest.NAME in files:
        summary.append(f"  bundle digest sha256:{files[manifest.NAME].blob.sha256}")
    replaced = replaced_models(spec)
    summary += [
        f"  {name} is not the model of its lock: --airgap-replace-models" for name in replaced
    ]
    return {
        "name": spec["name"],
        # What would make the same again; a folder that stands in for a model is of this machine.
        **({"replaced_models": replaced} if replaced else {"spec": spec}),
        "inputs": inputs(spec, root),
        "summary": summary,
        "files": {path: [entry.blob.size, entry.blob.sha256] for path, entry in files.items()},
    }
