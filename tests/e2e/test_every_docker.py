"""The Docker of each suite of Debian since 12, with its own client and both stores, from nothing.

The other tests are of the Docker that this machine has.
"""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.another_debian import inside, unpack
from tests.e2e.bundle import Bundle
from tests.e2e.composed import check_served, of_bundle, printed
from tests.e2e.daemon import docker_daemon
from tests.e2e.intranet import Seen, intranet
from tests.e2e.needs import PATH

FOLDER = Path(tempfile.gettempdir()) / "airgap-docker"
PACKAGES = "base-files coreutils dash docker.io containerd runc iptables mount".split()
LATER_PACKAGES = ["docker-cli", "docker-compose"]
# In sid Debian has the newest of each package at any time.
SYSTEMS = [
    ("bookworm", "classic"),
    *(("trixie", "classic"), ("trixie", "containerd")),
    *(("sid", "classic"), ("sid", "containerd")),
]


@pytest.fixture(scope="module")
def root(
    request: pytest.FixtureRequest, outside: Seen, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A system with the Docker of a suite."""
    suite = str(request.param)
    folder = tmp_path_factory.mktemp("debian") / suite
    later = [] if suite == "bookworm" else LATER_PACKAGES
    unpack(suite, [*PACKAGES, *later], folder, outside.at_home())
    return folder


@pytest.fixture
def bundle(
    request: pytest.FixtureRequest, root: Path, demo_folder: Path, tmp_path: Path
) -> Iterator[Bundle]:
    """The demo for that Docker, which has never seen an image, and its client."""
    place, client = FOLDER / "demo", FOLDER / "docker"

    def prepare() -> None:
        place.mkdir()
        subprocess.run(["mount", "--bind", demo_folder, place], check=True)
        features = {"containerd-snapshotter": request.param == "containerd"}
        (FOLDER / "daemon.json").write_text(json.dumps({"features": features}))
        client.write_text(f'#!/bin/sh\nexec {shlex.join(inside(root))} docker "$@"\n')
        client.chmod(0o755)

    command = (*inside(root), "dockerd", f"--config-file={FOLDER}/daemon.json")
    with (
        intranet(tmp_path),
        docker_daemon(FOLDER, command, prepare=prepare, client=str(client)) as daemon,
    ):
        environ = {
            "DOCKER_HOST": daemon.host,
            "AIRGAP_DOCKER": str(client),
            "AIRGAP_STATE_DIR": f"{FOLDER}/state",
        }
        yield Bundle(place, environ, client=str(client))


@pytest.mark.parametrize(("root", "bundle"), SYSTEMS, indirect=True)
def test_it_loads_and_serves(
    bundle: Bundle,
    request: pytest.FixtureRequest,
    record_testsuite_property: Callable[[str, object], None],
    tmp_path: Path,
) -> None:
    suite, store = request.node.callspec.id.split("-")
    # What sid's is now is in the report of the run.
    version = bundle.docker("version", "--format", "{{.Server.Version}}").strip()
    assert bundle.docker("version", "--format", "{{.Client.Version}}").strip() == version
    assert suite != "bookworm" or version.startswith("20.10.")
    record_testsuite_property(f"docker of {suite}", version)

    checked = bundle.airgap("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{store} store, " in checked.stdout
    assert version in checked.stdout
    loaded = bundle.airgap("load")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    done = bundle.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Paris" in bundle.airgap("chat", "What is the capital of France?").stdout
    assert bundle.airgap("down").returncode == 0

    # bookworm's is a program of its own, of version 1: `test_with_compose.py`.
    if suite != "bookworm":
        of_compose = compose(bundle, "version", "--short").strip()
        record_testsuite_property(f"docker compose of {suite}", of_compose)
        own = ["--file", bundle.folder / "compose.yaml", *of_bundle(bundle, tmp_path)]
        for options in (own, printed(bundle, tmp_path)):
            check_served(bundle, partial(compose, bundle), options)

    done = bundle.airgap("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bundle.docker("image", "ls", "--all", "--quiet") == ""


def compose(bundle: Bundle, *arguments: str | Path) -> str:
    """What `docker compose` of that Docker prints; fails when it fails."""
    done = subprocess.run(
        [bundle.client, "compose", *arguments],
        env={"PATH": PATH, "DOCKER_HOST": bundle.environ["DOCKER_HOST"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
