"""The bundle's file for docker compose, written by the program that the intranet host runs.

`lib/services.sh` of the program describes the containers once; `lib/compose.sh` writes them by the
Compose Specification. The build runs it with what it needs of the bundle: itself and `bundle.conf`.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from airgap.errors import AirgapError
from airgap.store import Recipe, Store
from airgap.tree import Entry, Tree

NAME = "compose.yaml"

_WRITER = "lib/compose.sh"

_VERSION = 1
"""Raised whenever the same files give other bytes than before."""


def compose_file(store: Store, program: Tree, conf: bytes) -> Tree:
    """The file; written, within a second, where the program or the conf is another than before.

    Args:
        program: What runs on the intranet host; where it cannot write such a file there is none.
        conf: The text of ``bundle.conf``.

    Raises:
        AirgapError: The program does not take the conf.
    """
    if _WRITER not in program:
        return {}
    needed = {
        path: entry.blob
        for path, entry in sorted(program.items())
        if path == "airgap" or path.startswith("lib/")
    }
    inputs = {
        "program": {path: blob.sha256 for path, blob in needed.items()},
        "conf": conf.decode(),
    }
    recipe = Recipe("compose", _VERSION, inputs)
    outputs = store.result(recipe)
    if outputs is None:
        with tempfile.TemporaryDirectory(prefix="airgap-compose-") as folder:
            # Paths in the file begin at the bundle, wherever it lies.
            root = Path(folder) / "bundle"
            for path, blob in needed.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(store.path(blob).read_bytes())
            (root / "bundle.conf").write_bytes(conf)
            text = _written(root)
        with store.writer(doing="writing", subject=NAME) as out:
            out.write(text)
        outputs = {NAME: out.blob}
        store.record(recipe, outputs)
    return {path: Entry(blob) for path, blob in outputs.items()}


def _written(root: Path) -> bytes:
    """What the program in the folder writes, whoever runs the build and wherever."""
    done = subprocess.run(
        ["sh", root / "airgap", "bundles-compose"],
        env={"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(root.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode != 0:
        raise AirgapError(
            "writing",
            NAME,
            expected="a bundle.conf that the program of the intranet host takes",
            found=done.stderr.decode(errors="replace").strip(),
            remedy="correct `conf` in the BUILD file",
        )
    return done.stdout
