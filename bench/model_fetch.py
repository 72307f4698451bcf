"""A model from a hub on this machine, beside curl and the hub client's own `snapshot_download`.

The same files, taken in turns from the same server. curl hashes nothing, and neither it nor the
client waits for the disk; the second row is what gives as much as `airgap fetch` does: every file
checked by its sha256, and on the disk. Target: no slower than the client.

`python -m bench.model_fetch [GIGABYTES]` needs twice the space in the folder of the store.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from airgap.locks.model import ModelFile, ModelLock, render
from airgap.locks.model_origin import HubOrigin
from airgap.store import hash_file
from bench.image import scratch
from bench.measure import ROOT, medians, seconds, show
from tests.airgap.hub.contents import Seeded
from tests.airgap.hub.server import of_folder

ID = "owner/weights"
ROUNDS = 3

SNAPSHOT = f"""
import sys
from modelscope_hub.compat import snapshot_download
snapshot_download("{ID}", local_dir=sys.argv[1])
"""


def write_model(folder: Path, size: int) -> None:
    """A model of ``size`` bytes: two large files and some small ones."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_bytes(os.urandom(7_000_000))
    for number in (1, 2):
        with open(folder / f"model-0000{number}-of-00002.safetensors", "wb") as file:
            for chunk in Seeded(size // 2, number).chunks(0, size // 2):
                file.write(chunk)


@contextlib.contextmanager
def hub(folder: Path) -> Iterator[str]:
    """The endpoint of a hub that serves the folder, a process of its own."""
    command = [sys.executable, "-m", "tests.airgap.hub.server", f"{ID}={folder}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().partition("=")[2]
        finally:
            process.terminate()


def write_repository(root: Path, model: Path) -> None:
    """A repository with one model, ``models/weights``, whose lock names the folder's files."""
    commit = next(iter(of_folder(model).commits))
    files = [
        ModelFile(path.relative_to(model).as_posix(), hash_file(path))
        for path in sorted(model.iterdir())
    ]
    lock = ModelLock("weights", "MIT", HubOrigin(ID, "master", commit), None, tuple(files))
    (root / "models" / "weights").mkdir(parents=True)
    (root / "models" / "weights" / "model.lock").write_text(render(lock))
    (root / "models" / "weights" / "BUILD").write_text("model()\n")


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "3") * 1e9)
    with scratch() as folder:
        model, out, root = folder / "weights", folder / "out", folder / "repository"
        write_model(model, size)
        write_repository(root, model)
        names = [path.name for path in sorted(model.iterdir())]
        with hub(model) as endpoint:
            address = f"{endpoint}/api/v1/models/{ID}/repo?Revision=master&FilePath="
            curl = ["curl", "-sSfL", "--parallel", "--create-dirs"]
            for name in names:
                curl += ["-o", str(out / name), address + name]
            checked = f'"$@" && cd {out} && sha256sum {" ".join(names)} && sync {" ".join(names)}'
            environ = {
                "MODELSCOPE_ENDPOINT": endpoint,
                "HOME": str(folder),
                "NO_PROXY": "*",
                "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            }
            # From there, so that `models/weights` is found.
            fetch = f'cd {root} && exec "$0" -m airgap.cli fetch models/weights --store {out}'

            def measured(*command: str) -> float:
                shutil.rmtree(out, ignore_errors=True)
                os.sync()
                return seconds(command, **environ)

            times = medians(
                ROUNDS,
                lambda: measured(*curl),
                lambda: measured("sh", "-c", checked, "sh", *curl),
                lambda: measured(sys.executable, "-c", SNAPSHOT, str(out)),
                lambda: measured("sh", "-c", fetch, sys.executable),
            )
        labels = [
            "curl --parallel",
            "curl, sha256sum and sync",
            "snapshot_download",
            "airgap fetch",
        ]
        show(
            [
                (label, f"{time:.1f} s, {size / time / 1e6:,.0f} MB/s")
                for label, time in zip(labels, times, strict=True)
            ]
        )
        show([("airgap fetch by the client's", f"{times[3] / times[2]:.2f}")])


if __name__ == "__main__":
    main()
