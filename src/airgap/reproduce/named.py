"""The files of a bundle by names that stay when their content changes.

A layer lies under its own sha256, so that two builds that differ have no two files of one path.
Here it is called after its place in the image and what is in it.
"""

import json
from collections.abc import Iterable
from pathlib import Path

_BLOBS = "blobs/sha256"

_ORDER = (
    "wheelhouse/",
    "models/",
    "image/layer",
    "pex/",
    "agents/",
    "guide/",
    "lib/",
    "airgap",
    "README",
    "sbom.cdx.json",
    "LICENSES",
    "image/",
    "compose.yaml",
    "bundle.conf",
    "MANIFEST",
)
"""What others are made of comes first, so that the first difference is the cause of the rest."""


def named(paths: Iterable[str], image: Path) -> dict[str, str]:
    """Name -> path of the files of a bundle, causes first.

    Args:
        image: The folder ``image`` of the bundle, whose few small files are read.
    """
    names = _blob_names(image)
    by_name = {names.get(path, path): path for path in paths}
    return dict(sorted(by_name.items(), key=lambda item: (_rank(item[0]), item[0])))


def _rank(name: str) -> int:
    ranks = (rank for rank, start in enumerate(_ORDER) if name.startswith(start))
    return next(ranks, _ORDER.index("lib/"))


def _blob_names(image: Path) -> dict[str, str]:
    """Path -> name, for the blobs of the image; the layers' descriptions are in its history."""
    if not (image / "manifest.json").is_file():
        return {}
    (archive,) = json.loads((image / "manifest.json").read_bytes())
    config = json.loads((image / archive["Config"]).read_bytes())
    names = {f"image/{archive['Config']}": "image/config"}
    for number, (path, step) in enumerate(zip(archive["Layers"], config["history"], strict=True)):
        names[f"image/{path}"] = f"image/layer {number:02}, {step['comment']}"
    (index,) = json.loads((image / "index.json").read_bytes())["manifests"]
    names[f"image/{_BLOBS}/{index['digest'].removeprefix('sha256:')}"] = "image/manifest"
    return names
