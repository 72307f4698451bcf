"""What docker compose makes is what ``airgap up`` would make."""

from collections.abc import Callable
from pathlib import Path

from airgap.store import hash_file
from airgap.transport import manifest
from tests.e2e.bundle import Bundle
from tests.e2e.demo import AGENT, NETWORK, SERVER
from tests.e2e.waiting import until

START_TIMEOUT = 600
"""Seconds within which all answers."""

Compose = Callable[..., object]
"""Runs docker compose with its arguments, on the demo's daemon; fails when that fails."""
Options = Callable[[Bundle, Path], list[str | Path]]
"""From the demo and a folder to compose's options for a file."""


def of_bundle(demo: Bundle, folder: Path) -> list[str | Path]:
    """For the bundle's own file, after ``load``."""
    loaded = demo.airgap("load")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    settings = folder / "settings.conf"
    settings.write_text(
        f"STATE_DIR='{demo.environ['AIRGAP_STATE_DIR']}' # of this test\nMAX_MODEL_LEN=4096\n"
    )
    return ["--env-file", settings]


def printed(demo: Bundle, folder: Path) -> list[str | Path]:
    """For a file that is printed for this host."""
    done = demo.airgap("compose", AIRGAP_MAX_MODEL_LEN="4096")
    assert done.returncode == 0, done.stderr
    file = folder / "compose.yaml"
    file.write_text(done.stdout)
    return ["--file", file]


def check_served(demo: Bundle, compose: Compose, options: list[str | Path]) -> None:
    """Brings all up, which is not there, asks it, looks how it is closed in, takes it down."""
    compose(*options, "up", "--detach")
    try:
        until(lambda: demo.airgap("status").returncode == 0, START_TIMEOUT)
        done = demo.airgap("chat", "What is the capital of France?")
        assert done.returncode == 0, done.stderr
        assert "Paris" in done.stdout
        digest = hash_file(demo.folder / manifest.NAME).sha256
        assert f"sha256:{digest} in {demo.folder}" in demo.airgap("status").stdout
        refused = demo.airgap("up")
        assert refused.returncode == 1
        assert "was made by docker compose" in refused.stderr
        for name in (SERVER, AGENT):
            host = demo.inspect(name)["HostConfig"]
            assert host["ReadonlyRootfs"]
            assert host["CapDrop"] == ["ALL"]
            assert host["NetworkMode"] == NETWORK
            assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert "MAX_MODEL_LEN=4096" in demo.inspect(SERVER)["Config"]["Env"]
    finally:
        compose(*options, "down")
    containers = demo.docker("ps", "--all", "--format", "{{.Names}}").split()
    networks = demo.docker("network", "ls", "--format", "{{.Name}}").split()
    assert not {SERVER, AGENT} & set(containers)
    assert NETWORK not in networks
