"""The bundle: everything that an intranet host needs, as one folder.

Layout::

    airgap, …             the program that runs on the intranet host, and its texts
    bundle.conf           what the program is told of this bundle
    compose.yaml          the same services for docker compose
    MANIFEST              every file with size and sha256
    sbom.cdx.json         what it is made of, by whom, under which licences; CycloneDX
    LICENSES.txt          the same licences for people
    guide/                guides for operators and authors, as pages with pictures
    image/                OCI layout and docker-archive in one
    models/<name>/        plain files, mounted read-only
    agents/<name>/        exported agents
    wheelhouse/<stack>/   wheels and requirements.txt
    pex/<name>…           applications for hosts without containers
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airgap import tree
from airgap.compose import compose_file
from airgap.errors import AirgapError
from airgap.store import Blob, Store
from airgap.transport import manifest
from airgap.tree import Entry, Tree

PROGRAM = "airgap"
CONF = "bundle.conf"
OPERATOR_CONF = "airgap.conf"

_FOLDER_OF_KEY = {
    "LLM": "models",
    "EMBEDDING": "models",
    "AGENT": "agents",
    "SERVER_STACK": "wheelhouse",
    "BUILDER_STACK": "wheelhouse",
    "AGENT_STACK": "wheelhouse",
}


@dataclass(frozen=True)
class Bundle:
    """The parts of a bundle, ready to be laid out.

    Attributes:
        name: The folder under ``dist/``.
        conf: ``bundle.conf``: what the BUILD file says and what names the image.
        program: Files that run on the intranet host, and its texts; ``airgap`` is the program.
        folders: The other parts: folder of the bundle -> part's name -> its tree.
    """

    name: str
    conf: Mapping[str, str]
    program: Tree
    image: Tree
    folders: Mapping[str, Mapping[str, Tree]] = field(default_factory=dict)


def lay_out(store: Store, bundle: Bundle) -> Tree:
    """The bundle's folder as a tree, its ``bundle.conf`` and ``MANIFEST`` written to the store.

    Raises:
        AirgapError: The program is missing, the conf names a part that the bundle lacks, or a
            value in it cannot be written.
    """
    if PROGRAM not in bundle.program:
        raise AirgapError("making the bundle", bundle.name, expected=f"a file `{PROGRAM}` in it")
    _check_names(bundle)
    files = dict(bundle.program)
    files[PROGRAM] = Entry(files[PROGRAM].blob, executable=True)
    files |= tree.below("image", bundle.image)
    for folder, parts in bundle.folders.items():
        for name, part in parts.items():
            files |= tree.below(f"{folder}/{name}", part)
    files |= compose_file(store, bundle.program, _conf(bundle, {}))
    sizes = {"IMAGE_SIZE": _size(bundle.image), "BUNDLE_SIZE": _size(files)}
    files[CONF] = Entry(_write(store, CONF, _conf(bundle, sizes)))
    listed = manifest.render({path: entry.blob for path, entry in files.items()})
    files[manifest.NAME] = Entry(_write(store, manifest.NAME, listed))
    return files


def _check_names(bundle: Bundle) -> None:
    for key, folder in _FOLDER_OF_KEY.items():
        name = bundle.conf.get(key)
        parts = bundle.folders.get(folder, {})
        if name is not None and name not in parts:
            raise AirgapError(
                "making the bundle",
                bundle.name,
                expected=f"{key} to be one of: {', '.join(parts) or 'none'}",
                found=name,
                remedy="correct `conf` in the BUILD file, or add the part",
            )


def _size(files: Tree) -> int:
    """Bytes that the files take on a disk of the host, where no two of them are one."""
    return sum(entry.blob.size for entry in files.values() if entry.link is None)


def _conf(bundle: Bundle, sizes: Mapping[str, int]) -> bytes:
    """The text of ``bundle.conf``; the sizes are without itself and the manifest."""
    lines = ["# Written by the build; settings of this host go into airgap.conf."]
    values = {key: str(size) for key, size in sizes.items()}
    for key, value in sorted({"BUNDLE": bundle.name, **bundle.conf, **values}.items()):
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", key) or re.search(r"['\x00-\x1f\x7f]", value):
            raise AirgapError(
                "writing", CONF, expected="KEY='value' on one line", found=f"{key}={value!r}"
            )
        lines.append(f"{key}='{value}'")
    return ("\n".join(lines) + "\n").encode()


def _write(store: Store, name: str, data: bytes) -> Blob:
    with store.writer(doing="writing", subject=name) as out:
        out.write(data)
    return out.blob
