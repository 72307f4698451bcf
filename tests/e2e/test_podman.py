"""The image in podman, streamed as into Docker."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.e2e import needs


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, because podman refuses long ones."""
    with tempfile.TemporaryDirectory(prefix="airgap-podman-") as path:
        # What is streamed to it podman keeps three times while it loads.
        if shutil.disk_usage(path).free < 18_000_000_000:
            pytest.fail(f"podman needs 18 GB in {path} to load the image")
        yield Path(path)


def test_the_image_loads_and_runs_in_podman(demo_folder: Path, folder: Path) -> None:
    needs.root()
    podman = [
        *(needs.program("podman"), "--root", str(folder / "root")),
        *("--runroot", str(folder / "run"), "--tmpdir", str(folder / "tmp")),
        *("--storage-driver", "overlay", "--cgroup-manager", "cgroupfs"),
        *("--runtime", needs.program("runc"), "--events-backend", "file"),
    ]
    env = {"PATH": needs.PATH, "TMPDIR": str(folder), "HOME": str(folder)}

    def run(*arguments: str, stdin: IO[bytes] | None = None) -> str:
        done = subprocess.run(
            [*podman, *arguments],
            stdin=stdin or subprocess.DEVNULL,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        tar = ["tar", "-C", str(demo_folder / "image"), "-chf", "-", "."]
        with subprocess.Popen(tar, stdout=subprocess.PIPE) as stream:
            run("load", "--quiet", stdin=stream.stdout)
        (image,) = run("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        assert image.startswith("localhost/airgap/demo:")
        code = "import os, agent_runner, gradio, torch; print(os.getuid())"
        closed = "--network none --read-only --cap-drop all --security-opt no-new-privileges"
        limits = "--ulimit nofile=1024:1024 --ulimit nproc=1024:1024"  # podman's own ask for more
        printed = run(
            *("run", "--rm", *closed.split(), *limits.split()),
            *("--entrypoint", "/opt/agent/bin/python", image, "-c", code),
        )
        assert printed.strip() == "1000"
    finally:
        subprocess.run([*podman, "system", "reset", "--force"], env=env, timeout=300)
