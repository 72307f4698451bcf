"""Any folder that a bundle can be: names, contents, kinds; and whether two are the same."""

import os
import random
from pathlib import Path

from hypothesis import strategies as st

from tests.airgap.transport.bundles import write_manifest

# What a manifest takes; the control characters, which it refuses, are tested with it.
_ODD = "aZ0 .é漢😀́\\'\"$`*?[]{}()<>|&;#~!%^=+,:@-_\u00a0\u2028\ufeff"
NAMES = st.one_of(
    st.text(_ODD, min_size=1, max_size=12).filter(lambda name: name.strip(".") != ""),
    st.sampled_from(["n" * 255, "漢" * 85, "-rf", "--", " ", "a\\n", "core", "MANIFEST", "image"]),
)
PATHS = st.one_of(
    st.builds("d/{}".format, NAMES),
    st.builds("image/{}".format, NAMES),
    st.builds("image/blobs/{}/{}".format, NAMES, NAMES),
    st.lists(NAMES, min_size=2, max_size=5).map(lambda names: "/".join(["e", *names])),
)
SIZES = st.one_of(
    st.sampled_from([0, 1, 511, 512, 513, 4095, 4096, 4097, 8192]), st.integers(0, 40_000)
)
CONTENTS = st.builds(
    lambda size, seed: random.Random(seed).randbytes(size), SIZES, st.integers(0, 9)
)
FILES = st.dictionaries(PATHS, st.tuples(CONTENTS, st.booleans()), max_size=6)
"""Files by path: content, and whether it can be run."""


def without_clashes(files: dict[str, tuple[bytes, bool]]) -> dict[str, tuple[bytes, bool]]:
    """Those of which none is a folder of another."""
    return {path: file for path, file in files.items() if not _above(path, files)}


def fill(folder: Path, files: dict[str, tuple[bytes, bool]], linked: list[str]) -> Path:
    """Write the files into a bundle, a link to each of ``linked``, and the manifest."""
    for path, (data, executable) in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        (folder / path).chmod(0o755 if executable else 0o644)
    for number, path in enumerate(linked):
        # A link of the image stays in it, as its section may go to Docker alone.
        way = folder / ("image/links" if path.startswith("image/") else "links")
        way.mkdir(parents=True, exist_ok=True)
        (way / f"{number} é").symlink_to(os.path.relpath(folder / path, way))
    write_manifest(folder)
    return folder


def look_of(folder: Path) -> dict[str, object]:
    """Each file's content and whether it can be run, each link's target; by path."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = (path.read_bytes(), bool(path.stat().st_mode & 0o111))
    return found


def _above(path: str, files: dict[str, tuple[bytes, bool]]) -> bool:
    return any(other.startswith(f"{path}/") for other in files)
