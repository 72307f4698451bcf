"""Reads wheels back out of what was built: wheelhouses, PEXes and image layers.

No lock is read here. A wheelhouse and a PEX hold wheels as files, which are hashed. An image holds
what was in them, so every installed file is hashed and looked up in the RECORDs of the wheels.
"""

import base64
import csv
import hashlib
import io
import json
import posixpath
import re
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SITE_PACKAGES = "lib/python3.11/site-packages"

# What an installer adds by itself.
_ADDED = re.compile(
    r"(.*/)?__pycache__/[^/]+\.pyc|.*/site-packages/[^/]+\.dist-info/(INSTALLER|RECORD)"
    r"|.*/site-packages/app\.pth|bin/[^/]+|pyvenv\.cfg"
)


@dataclass
class Installed:
    """One stack in an image. Paths are relative to the stack's prefix.

    Attributes:
        files: The hash of each file, as RECORD writes it.
        records: What each RECORD says of the files, by the name of its ``.dist-info`` folder.
    """

    files: dict[str, str] = field(default_factory=dict)
    records: dict[str, dict[str, str]] = field(default_factory=dict)


def wheels_in_folder(folder: Path) -> dict[str, str]:
    """The sha256 of each wheel of a wheelhouse, by file name."""
    return {path.name: _sha256(path.open("rb")) for path in folder.glob("*.whl")}


def wheels_in_pex(pex: Path) -> dict[str, str]:
    """The sha256 of each wheel inside a PEX of either layout, by file name."""
    if pex.is_dir():
        return wheels_in_folder(pex / ".deps")
    with zipfile.ZipFile(pex) as archive:
        return {
            Path(name).name: _sha256(archive.open(name))
            for name in archive.namelist()
            if name.startswith(".deps/") and name.endswith(".whl")
        }


def stacks_in_image(image: Path) -> dict[str, Installed]:
    """What an image folder holds below ``/opt/<stack>/``, by stack; reads every byte of it."""
    stacks: dict[str, Installed] = {}
    (manifest,) = json.loads((image / "manifest.json").read_bytes())
    for layer in manifest["Layers"]:
        with tarfile.open(image / layer, "r:") as tar:
            for member in tar:
                match = re.fullmatch(r"opt/([^/]+)/(.+)", member.name)
                # A wheel that two stacks share is there once; the second has hard links to it.
                if match and (member.isfile() or member.islnk()):
                    file = tar.extractfile(member)
                    assert file is not None
                    _add(stacks.setdefault(match[1], Installed()), match[2], file)
    # The applications' own sources are no stack: they have no installed distributions.
    return {name: stack for name, stack in stacks.items() if stack.records}


def differences(wheelhouse: Path, stack: Installed) -> Iterator[str]:
    """Everything in which a stack of an image differs from the wheels of a wheelhouse."""
    offered: dict[str, set[str]] = {}
    distributions = set()
    for wheel in sorted(wheelhouse.glob("*.whl")):
        folder, files = _contents(wheel)
        distributions.add(folder)
        if folder not in stack.records:
            yield f"{wheel.name} is not in the image"
            continue
        for path, digest in files.items():
            offered.setdefault(path, set()).add(digest)
            if stack.records[folder].get(path) != digest:
                yield f"RECORD of {wheel.name} in the image says something else of {path}"
    for folder in sorted(stack.records.keys() - distributions):
        yield f"{folder} is in the image, but no wheel of it is in the wheelhouse"
    for path in sorted(offered.keys() - stack.files.keys()):
        yield f"{path} is in a wheel, but not in the image"
    for path, digest in stack.files.items():
        if digest not in offered.get(path, ()) and (path in offered or not _ADDED.fullmatch(path)):
            yield f"{path} in the image has bytes that no wheel has"


def _add(stack: Installed, path: str, file: IO[bytes]) -> None:
    if match := re.fullmatch(rf"{SITE_PACKAGES}/([^/]+\.dist-info)/RECORD", path):
        data = file.read()
        lines = _hashes(data).items()
        stack.records[match[1]] = {
            posixpath.normpath(f"{SITE_PACKAGES}/{path}"): digest for path, digest in lines
        }
        file = io.BytesIO(data)
    stack.files[path] = _encoded(file)


def _contents(wheel: Path) -> tuple[str, dict[str, str]]:
    """A wheel's ``.dist-info`` folder, and the hash of each file that is installed as it is."""
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", n))
        lines = _hashes(archive.read(record))
        # An installer puts the interpreter's path into such a program.
        scripts = (path for path in lines if ".data/scripts/" in path)
        rewritten = {path for path in scripts if archive.read(path).startswith(b"#!python")}
    files = {}
    for path, digest in lines.items():
        place = f"{SITE_PACKAGES}/{path}"
        if match := re.fullmatch(r"[^/]+\.data/(\w+)/(.+)", path):
            folders = {
                "purelib": f"{SITE_PACKAGES}/",
                "platlib": f"{SITE_PACKAGES}/",
                "scripts": "bin/",
                "data": "",
                "headers": f"include/site/python3.11/{wheel.name.split('-')[0]}/",
            }
            place = folders[match[1]] + match[2]
        if path not in rewritten and (not _ADDED.fullmatch(place) or place.startswith("bin/")):
            files[place] = digest
    return posixpath.dirname(record), files


def _hashes(record: bytes) -> dict[str, str]:
    rows = csv.reader(io.StringIO(record.decode("utf-8", "surrogateescape")))
    return {row[0]: row[1] for row in rows if len(row) == 3 and row[1]}


def _encoded(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return "sha256=" + base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
