"""Reads wheels back out of what was built: wheelhouses, PEXes and image layers."""

import hashlib
import zipfile
from pathlib import Path
from typing import IO


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


def _sha256(file: IO[bytes]) -> str:
    with file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
