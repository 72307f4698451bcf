"""``airgap run-pex``: the demo's programs with the Python of the image, on the host's network."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.pex_server import completed, pex_server


@pytest.fixture(scope="module", autouse=True)
def unpacked(demo: Bundle, state: Path) -> Iterator[None]:
    """What the programs were unpacked to, gigabytes, is removed at once."""
    yield
    shutil.rmtree(state / "pex")


def test_it_says_what_the_program_says(demo: Bundle) -> None:
    done = demo.airgap("run-pex", "vllm-cpu", "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: vllm_server")


def test_it_ends_as_the_program_ends(demo: Bundle) -> None:
    done = demo.airgap("run-pex", "vllm-cpu", "--model-dir", "models/absent")
    assert done.returncode == 1
    assert "the model folder `models/absent` is not there" in done.stderr


def test_the_server_serves_on_the_host_and_ends_when_told(demo: Bundle, tmp_path: Path) -> None:
    with pex_server(demo, tmp_path) as server:
        assert completed()
        server.terminate()
        server.wait(120)
    assert demo.docker("ps", "--all", "--quiet", "--filter", "label=airgap.pex").split() == []
