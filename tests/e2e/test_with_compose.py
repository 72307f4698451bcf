"""docker compose in place of ``airgap up``, with the bundle's own file and with a printed one."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.demo import AGENT, NETWORK, SERVER
from tests.e2e.needs import PATH, program

START_TIMEOUT = 600
"""Seconds within which all answers."""


def compose(demo: Bundle, *arguments: str | Path) -> None:
    """Runs Debian's docker-compose, whose version 1 knows least of the Compose Specification.

    It runs in the bundle's folder, where it finds ``compose.yaml`` by itself.
    """
    done = subprocess.run(
        [program("docker-compose"), *arguments],
        cwd=demo.folder,
        env={"PATH": PATH, "LANG": "C.UTF-8", **demo.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def wait_until_all_answers(demo: Bundle) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while (done := demo.airgap("status")).returncode != 0:
        assert time.monotonic() < deadline, done.stdout + demo.airgap("logs").stdout
        time.sleep(2)


def of_bundle(demo: Bundle, tmp_path: Path) -> list[str | Path]:
    """The options for the bundle's own file, after ``load``."""
    loaded = demo.airgap("load")
    assert loaded.returncode == 0, loaded.stderr
    settings = tmp_path / "settings.conf"
    settings.write_text(
        f"STATE_DIR='{demo.environ['AIRGAP_STATE_DIR']}' # of this test\nMAX_MODEL_LEN=4096\n"
    )
    return ["--env-file", settings]


def printed(demo: Bundle, tmp_path: Path) -> list[str | Path]:
    """The options for a file that is printed for this host."""
    done = demo.airgap("compose", AIRGAP_MAX_MODEL_LEN="4096")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "compose.yaml"
    file.write_text(done.stdout)
    return ["--file", file]


@pytest.mark.parametrize("options_of", [of_bundle, printed])
def test_compose_serves_what_up_would(
    demo: Bundle, tmp_path: Path, options_of: Callable[[Bundle, Path], list[str | Path]]
) -> None:
    assert demo.airgap("down").returncode == 0
    options = options_of(demo, tmp_path)
    compose(demo, *options, "up", "--detach")
    try:
        wait_until_all_answers(demo)
        done = demo.airgap("chat", "What is the capital of France?")
        assert done.returncode == 0, done.stderr
        assert "Paris" in done.stdout
        for name in (SERVER, AGENT):
            host = demo.inspect(name)["HostConfig"]
            assert host["ReadonlyRootfs"]
            assert host["CapDrop"] == ["ALL"]
            assert host["NetworkMode"] == NETWORK
            assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert "MAX_MODEL_LEN=4096" in demo.inspect(SERVER)["Config"]["Env"]
    finally:
        compose(demo, *options, "down")
    containers = demo.docker("ps", "--all", "--format", "{{.Names}}").split()
    networks = demo.docker("network", "ls", "--format", "{{.Name}}").split()
    assert not {SERVER, AGENT} & set(containers)
    assert NETWORK not in networks
