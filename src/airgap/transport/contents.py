"""What a bundle's folder holds, by its manifest: what can be sent."""

import os
import posixpath
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from airgap.bundle import CONF
from airgap.errors import AirgapError
from airgap.store import Blob, hash_file
from airgap.transport import manifest
from airgap.tree import Entry, Tree

SIGNATURE = "MANIFEST.minisig"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Contents:
    """A bundle in a folder.

    Attributes:
        folder: Where it is.
        name: What ``bundle.conf`` calls it.
        digest: The sha256 of its manifest, in hex.
        tree: The manifest, its signature where there is one, and every file that the manifest
            lists. Their sizes are those of the folder; what is in them was not read yet.
    """

    folder: Path
    name: str
    digest: str
    tree: Tree


def read_contents(folder: Path) -> Contents:
    """Look at each file that the folder's manifest lists, at the cost of one ``lstat`` a file.

    Raises:
        AirgapError: There is no manifest, or a listed file is missing, has another size, or is a
            link that leads out of the bundle or to another file than was listed.
    """
    path = folder / manifest.NAME
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AirgapError(
            "reading the bundle",
            str(folder),
            expected=f"a file {manifest.NAME} in it",
            found="none",
            remedy="name the folder of a bundle, such as dist/demo; ./pants package makes it",
        ) from error
    digest = manifest.digest(data)
    listed = manifest.parse(data, str(path))
    tree = {manifest.NAME: Entry(Blob(digest, len(data)))}
    if (folder / SIGNATURE).is_file():
        tree[SIGNATURE] = Entry(hash_file(folder / SIGNATURE))
    for name, blob in listed.items():
        tree[name] = _entry(folder, name, blob, listed)
    return Contents(folder, _name(folder), digest, tree)


def differs(folder: Path, path: str, expected: object, found: object) -> AirgapError:
    """The error where a file of the bundle is not what the manifest says."""
    return AirgapError(
        "reading the bundle's file",
        str(folder / path),
        expected=f"{expected}, as its {manifest.NAME} says",
        found=str(found),
        remedy="build the bundle again with ./pants package, then run the same command again",
    )


def _entry(folder: Path, path: str, blob: Blob, listed: dict[str, Blob]) -> Entry:
    try:
        found = os.lstat(folder / path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise differs(folder, path, f"a file of {blob.size} bytes", "none") from error
    if stat.S_ISLNK(found.st_mode):
        link = os.readlink(folder / path)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
        if listed.get(target) != blob:
            raise differs(folder, path, f"a link to a file of {blob}", f"a link to {link}")
        return Entry(blob, link=link)
    if not stat.S_ISREG(found.st_mode):
        raise differs(folder, path, f"a file of {blob.size} bytes", "something else")
    if found.st_size != blob.size:
        raise differs(folder, path, f"{blob.size} bytes", f"{found.st_size} bytes")
    return Entry(blob, executable=bool(found.st_mode & 0o100))


def _name(folder: Path) -> str:
    """The bundle's name; it becomes part of file names."""
    path = folder / CONF
    text = path.read_text(errors="replace") if path.is_file() else ""
    match = re.search(r"^BUNDLE='([^'\n]*)'$", text, re.MULTILINE)
    if match is None or not _NAME.fullmatch(match[1]):
        raise AirgapError(
            "reading",
            str(path),
            expected="a line BUNDLE='…' with a name of letters, digits, `.`, `_` and `-`",
            found=match[0] if match else "none",
            remedy="build the bundle again with ./pants package",
        )
    return match[1]
