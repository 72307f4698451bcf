"""The image's own CPython, made to run on the build machine.

A .pyc depends on the very CPython that writes it. Taking that CPython from the Debian lock makes
the build machine's own Python, C library and distribution irrelevant; starting it through its own
``ld.so`` needs neither root nor a container.
"""

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from airgap.errors import AirgapError
from airgap.image.deb import members
from airgap.image.tar import LayerTar
from airgap.store import Blob, Recipe, Store

PYTHON = "python3.11"

PACKAGES = (
    "libc6",
    "libexpat1",
    f"lib{PYTHON}-minimal",
    f"lib{PYTHON}-stdlib",
    f"{PYTHON}-minimal",
    "zlib1g",
)
"""The Debian packages with all that compiling needs, source encodings of East Asia included."""

_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_NEEDED = (f"usr/bin/{PYTHON}", f"usr/lib/{PYTHON}/", f"{_LIBRARIES}/l")
_UNNEEDED = tuple(
    f"usr/lib/{PYTHON}/{name}/"
    for name in ("asyncio", "email", "ensurepip", "lib2to3", "pydoc_data", "test", "unittest")
)


@dataclass(frozen=True)
class Interpreter:
    """A CPython that runs from a folder.

    Attributes:
        command: The start of its command line.
        environment: All of its environment; the hash seed is fixed as one accident less.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]


def needed(debs: Mapping[str, Blob]) -> dict[str, Blob]:
    """The packages, of those in the lock, on which byte-code depends.

    Raises:
        AirgapError: One is not in the lock.
    """
    missing = [name for name in PACKAGES if name not in debs]
    if missing:
        raise AirgapError(
            "looking for the image's Python",
            "third_party/debian/base.lock",
            expected=", ".join(PACKAGES),
            found=f"no {', '.join(missing)}",
            remedy=f"add `{PYTHON}` to the lock's input file and make the lock anew",
        )
    return {name: debs[name] for name in PACKAGES}


def interpreter_archive(store: Store, debs: Mapping[str, Blob]) -> Blob:
    """A tar (20 MB) of what the interpreter needs; kept, since .debs take seconds to decompress.

    Raises:
        AirgapError: A package is missing, damaged or hostile.
    """
    packages = needed(debs)
    recipe = Recipe("interpreter", 1, {name: blob.sha256 for name, blob in packages.items()})
    with store.lock(f"recipe-{recipe.key}"):
        if result := store.result(recipe):
            return result["tar"]
        with store.writer(doing="unpacking", subject="the image's Python") as out:
            tar = LayerTar(out)
            for blob in packages.values():
                _copy(store.path(blob), tar)
            tar.close()
        store.record(recipe, {"tar": out.blob})
        return out.blob


def unpack_interpreter(archive: Path, folder: Path) -> Interpreter:
    """Unpack the interpreter into an empty folder, on a disk from which programs may run."""
    with tarfile.open(archive, "r:") as tar:
        tar.extractall(folder)
    libraries = str(folder / _LIBRARIES)
    command = (
        *(f"{libraries}/ld-linux-x86-64.so.2", "--library-path", libraries),
        *(str(folder / "usr/bin" / PYTHON), "-S", "-s", "-P", "-B", "-W", "ignore"),
    )
    return Interpreter(command, {"PYTHONHOME": str(folder / "usr"), "PYTHONHASHSEED": "0"})


def _copy(deb: Path, tar: LayerTar) -> None:
    for member in members(deb):
        if not member.path.startswith(_NEEDED) or member.path.startswith(_UNNEEDED):
            continue
        if member.file is not None:
            tar.stream(member.path, member.info.size, (member.file.read(),), 0o755)
        elif member.info.issym() and "/" not in member.target:
            tar.symlink(member.path, member.target)
