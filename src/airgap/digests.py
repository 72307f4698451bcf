"""The digests that a bundle should have, published in ``docs/digests.md``.

A line says what an artefact is made of: of locks alone, or of the repository's sources too. Beside
them stand the hashes of the locks, and of all that the bundle was made from. So a line can be
compared wherever what it is made of is the same, and says nothing where it is not.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError
from airgap.locks import python
from airgap.reproduce.fetched import parts
from airgap.reproduce.named import named
from airgap.transport import manifest

PAGE = "docs/digests.md"

COMMAND = "./pants run src/airgap:airgap -- digests"

_KINDS = ("locks", "all")

_SECTION = re.compile(
    r"^## (?P<name>\S+)\n\nLocks `(?P<locks>\w+)`, all `(?P<all>\w+)`\.\n\n(?P<table>(?:\|.*\n)+)",
    re.MULTILINE,
)
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<of>locks|all) \| `(?P<sha256>[0-9a-f]{64})` \|$")


@dataclass(frozen=True)
class Digests:
    """What a bundle is made from, and what comes out.

    Attributes:
        bundle: Its name.
        locks: The sha256 of all locks together.
        all: The sha256 of locks, sources and BUILD files together.
        of_locks: Artefact -> sha256, for those that are made of locks alone.
        of_all: Artefact -> sha256, for the others.
    """

    bundle: str
    locks: str
    all: str
    of_locks: Mapping[str, str]
    of_all: Mapping[str, str]


def digests(folder: Path, receipt: Mapping[str, Any], root: Path) -> Digests:
    """Those of a built bundle; reads its ``MANIFEST``, not its files.

    Args:
        receipt: Of the build that made the folder.
        root: The repository.

    Raises:
        AirgapError: The folder is not what the receipt says, or the receipt does not say what the
            bundle was made from.
    """
    data = (folder / manifest.NAME).read_bytes()
    spec, inputs = receipt.get("spec"), receipt.get("inputs")
    expected = receipt.get("files", {}).get(manifest.NAME, [0, ""])[1]
    if spec is None or inputs is None or manifest.digest(data) != expected:
        raise AirgapError(
            "reading the digests of",
            str(folder),
            expected="a bundle as ./pants package makes it, with its receipt beside it",
            found="a receipt of another build, or of one with replaced models",
            remedy="build it again: ./pants package, with the bundle's address",
        )
    listed = {path: blob.sha256 for path, blob in manifest.parse(data, str(folder)).items()}
    lines = {line.split(" ", 2)[2]: line for line in data.decode().split("\n")[1:-1]}
    names = named(lines, folder / "image")
    built = set(_built_wheels(spec, root))
    single: dict[str, str] = {}
    grouped: dict[str, list[str]] = {}
    for name, path in names.items():
        group = _group(path)
        if not group or path in built or name != path:
            single[name] = listed[path]
        if group:
            grouped.setdefault(group, []).append(path)
    found = single | {
        group: _sha256("".join(f"{lines[path]}\n" for path in sorted(paths, key=str.encode)))
        for group, paths in grouped.items()
    }
    found[manifest.NAME] = manifest.digest(data)
    ordered = {name: found[name] for name in named(found, folder / "none")}
    layers = [name for name in ordered if name.startswith("image/layer")]
    of_locks = {
        name: sha256
        for name, sha256 in ordered.items()
        # The last layer is that of the apps.
        if name.startswith(("wheelhouse/", "models/")) or name in layers[:-1]
    }
    return Digests(
        bundle=str(receipt["name"]),
        locks=_sha256(json.dumps({p: h for p, h in inputs.items() if p.endswith(".lock")})),
        all=_sha256(json.dumps([spec, inputs], sort_keys=True)),
        of_locks=of_locks,
        of_all={name: sha256 for name, sha256 in ordered.items() if name not in of_locks},
    )


def unlike(published: Digests | None, found: Digests) -> list[str]:
    """What the published digests and those of a build say differently of the same, in words."""
    if published is None or published.locks != found.locks:
        return [f"{found.bundle}: its locks are not those for which {PAGE} has digests"]
    pairs = [("its locks are", published.of_locks, found.of_locks)]
    if published.all == found.all:
        pairs.append(("locks and sources are", published.of_all, found.of_all))
    return [
        f"{found.bundle}: {name} should be {wanted.get(name)} and is {got.get(name)}; {same}"
        " the same, so what makes it gives other bytes than before, or not always the same"
        for same, wanted, got in pairs
        for name in sorted(wanted.keys() | got.keys())
        if wanted.get(name) != got.get(name)
    ]


def parse(text: str) -> dict[str, Digests]:
    """The published digests by bundle."""
    found = {}
    for section in _SECTION.finditer(text):
        rows = [row for line in section["table"].splitlines() if (row := _ROW.match(line))]
        of = {kind: {r["name"]: r["sha256"] for r in rows if r["of"] == kind} for kind in _KINDS}
        found[section["name"]] = Digests(
            section["name"], section["locks"], section["all"], of["locks"], of["all"]
        )
    return found


def render(introduction: str, published: Iterable[Digests]) -> str:
    """The page: an introduction, and a table for each bundle."""
    text = introduction
    for one in sorted(published, key=lambda one: one.bundle):
        text += f"\n## {one.bundle}\n\nLocks `{one.locks}`, all `{one.all}`.\n\n"
        text += "| artefact | made of | sha256 |\n|---|---|---|\n"
        for kind, rows in zip(_KINDS, (one.of_locks, one.of_all), strict=True):
            for name, sha256 in rows.items():
                text += f"| `{name}` | {kind} | `{sha256}` |\n"
    return text


def publish(root: Path, folders: Iterable[Path]) -> None:
    """Write the digests of built bundles into the page; those of others and the words stay.

    Raises:
        AirgapError: See `digests`.
    """
    text = (root / PAGE).read_text("utf-8")
    introduction, published = text.partition("\n## ")[0].rstrip() + "\n", parse(text)
    for folder in folders:
        receipt = folder.with_name(f"{folder.name}.receipt")
        try:
            one = digests(folder, json.loads(receipt.read_bytes()), root)
        except FileNotFoundError as error:
            raise AirgapError(
                "reading the digests of",
                str(folder),
                expected=f"a built bundle and {receipt.name} beside it",
                found=f"no {error.filename}",
                remedy="build it: ./pants package, with the bundle's address",
            ) from error
        published[one.bundle] = one
    (root / PAGE).write_text(render(introduction, published.values()), "utf-8")
    print(f"{PAGE} has the digests of {', '.join(sorted(published))}")


def _built_wheels(spec: Mapping[str, Any], root: Path) -> Iterator[str]:
    """The paths of the wheels that were built from source, in the bundle."""
    for part in parts(spec):
        if part["kind"] == "wheelhouse":
            for wheel in python.parse((root / part["lock"]).read_text(), part["lock"]):
                if wheel.sdist is not None:
                    yield f"wheelhouse/{part['name']}/{wheel.filename}"


def _group(path: str) -> str:
    """The folder by which a file is listed; empty where it has a line of its own."""
    first, *rest = path.split("/")
    depth = 2 if first in ("wheelhouse", "models", "pex", "agents") else 1
    return "".join(f"{name}/" for name in [first, *rest][:depth]) if len(rest) >= depth else ""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
