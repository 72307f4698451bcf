"""From the command to the page: AgentFabric from its PEX and from its image.

Needs root and Docker for the image, which is loaded into a daemon of the measurement's own.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import agentfabric
from bench.measure import ROOT, show
from tests.e2e.bundle import Bundle
from tests.e2e.daemon import docker_daemon
from tests.e2e.needs import program
from tests.ports import free_port

ROUNDS = 3
BUNDLE = ROOT / "dist" / "agentfabric_demo"


def from_pex() -> tuple[float, float]:
    """Seconds of the first start, which unpacks, and the median of later ones."""
    times = []
    with agentfabric.unpacked() as (stack, _):
        for _ in range(1 + ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                with agentfabric.ours(stack, Path(folder)):
                    times.append(time.perf_counter() - start)
    return times[0], statistics.median(times[1:])


def from_image() -> tuple[float, float]:
    """Likewise; before the first one the image was loaded, which leaves some of it in memory."""
    if not (BUNDLE / "MANIFEST").is_file():
        sys.exit("no dist/agentfabric_demo: run `./pants package bundles/agentfabric_demo:` first")
    times = []
    with docker_daemon() as daemon:
        bundle = Bundle(BUNDLE, {"DOCKER_HOST": daemon.host})
        done = bundle.airgap("load")
        if done.returncode:
            sys.exit(done.stderr)
        image = bundle.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()[0]
        for _ in range(1 + ROUNDS):
            times.append(_start(bundle, image))
    return times[0], statistics.median(times[1:])


def _start(bundle: Bundle, image: str) -> float:
    port = free_port()
    start = time.perf_counter()
    name = bundle.docker(
        *(
            "run",
            "--detach",
            "--read-only",
            "--tmpfs",
            "/tmp:rw,exec",
            "--tmpfs",
            "/state:uid=1000",
        ),
        *("--user", "1000:1000", "--cap-drop", "ALL", "--publish", f"127.0.0.1:{port}:7860"),
        *("--mount", f"type=bind,source={agentfabric.EMBEDDING},target=/embedding,readonly"),
        *("--env", "EMBEDDING_DIR=/embedding", "--env", "STATE_DIR=/state", "--env", "HOME=/tmp"),
        *("--env", "HOST=0.0.0.0", "--env", "PASSWORD_FILE="),
        *("--env", f"LLM_MODEL={agentfabric.MODEL}"),
        *("--entrypoint", "/opt/agentfabric/bin/python", image, "-m", "agentfabric_offline", "app"),
    ).strip()
    curl = [program("curl"), "--silent", "--output", "/dev/null", "--fail"]
    while subprocess.run([*curl, f"http://127.0.0.1:{port}/"]).returncode:
        if time.perf_counter() - start > 300:
            sys.exit(f"not started: docker logs {name}")
        time.sleep(0.1)
    taken = time.perf_counter() - start
    bundle.docker("rm", "--force", name)
    return taken


if __name__ == "__main__":
    rows = []
    for exit_, measure in (("PEX", from_pex), ("image", from_image)):
        first, later = measure()
        rows.append((exit_, f"{first:.1f} s the first time, {later:.1f} s later"))
    show(rows)
