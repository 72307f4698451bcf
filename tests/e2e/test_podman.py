"""podman in Docker's place: what of it works, and that ``check`` tells what does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.podman import on_podman


@pytest.fixture(scope="module")
def podman(demo_folder: Path) -> Iterator[Bundle]:
    with on_podman(demo_folder) as bundle:
        yield bundle


def test_check_says_that_up_needs_docker(podman: Bundle) -> None:
    done = podman.airgap("check")
    assert done.returncode == 1
    version = podman.docker("version", "--format", "{{.Client.Version}}").strip()
    # What else this machine may lack, such as a free port, is no matter of podman.
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("stop  Docker: "))
    assert f"podman {version}; needed: Docker 20.10 or later" in line
    assert "podman loads and runs the image" in line


def test_the_image_loads_and_runs(podman: Bundle) -> None:
    loaded = podman.airgap("load")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    (image,) = podman.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    assert image.startswith("localhost/airgap/demo:")
    code = "import os, agent_runner, gradio, torch; print(os.getuid())"
    closed = "--network none --read-only --cap-drop all --security-opt no-new-privileges".split()
    python = ("--entrypoint", "/opt/agent/bin/python", image, "-c", code)
    assert podman.docker("run", "--rm", *closed, *python).strip() == "1000"
