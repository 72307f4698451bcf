"""docker compose in place of ``airgap up``, with the file that ``airgap compose`` prints."""

import subprocess
import time
from pathlib import Path

from tests.e2e.bundle import Bundle
from tests.e2e.demo import AGENT, NETWORK, SERVER
from tests.e2e.needs import PATH, program

START_TIMEOUT = 600
"""Seconds within which all answers."""


def compose(demo: Bundle, file: Path, *arguments: str) -> None:
    """Runs Debian's docker-compose, whose version 1 knows least of the Compose Specification."""
    done = subprocess.run(
        [program("docker-compose"), "--file", file, *arguments],
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


def test_compose_serves_what_up_would(demo: Bundle, tmp_path: Path) -> None:
    assert demo.airgap("down").returncode == 0
    printed = demo.airgap("compose")
    assert printed.returncode == 0, printed.stderr
    file = tmp_path / "compose.yaml"
    file.write_text(printed.stdout)
    compose(demo, file, "up", "--detach")
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
    finally:
        compose(demo, file, "down")
    containers = demo.docker("ps", "--all", "--format", "{{.Names}}").split()
    networks = demo.docker("network", "ls", "--format", "{{.Name}}").split()
    assert not {SERVER, AGENT} & set(containers)
    assert NETWORK not in networks
