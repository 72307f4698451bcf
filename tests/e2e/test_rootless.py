"""Rootless Docker: a daemon of an ordinary user, who has the bundle where root put it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import needs
from tests.e2e.bundle import Bundle
from tests.e2e.daemon import Daemon, docker_daemon
from tests.e2e.demo import AGENT, SERVER
from tests.e2e.intranet import intranet
from tests.e2e.users import SUBORDINATE, UID, as_user, known
from tests.e2e.waiting import until

FOLDER = Path(tempfile.gettempdir()) / "airgap-rootless"
PLACE = FOLDER / "demo"
# Where Debian has the script that Docker gives for this.
CONTRIB = "/usr/share/docker.io/contrib"


@pytest.fixture(scope="module")
def rootless(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    needs.root()
    for name in ("rootlesskit", "slirp4netns", "newuidmap"):
        needs.program(name)
    script = shutil.which("dockerd-rootless.sh", path=f"{needs.PATH}:{CONTRIB}")
    if script is None:
        needs.missing("`dockerd-rootless.sh` is not installed")

    def prepare() -> None:
        FOLDER.chmod(0o755)
        for folder in (FOLDER / "run", FOLDER / "home"):
            folder.mkdir(mode=0o700)
            os.chown(folder, UID, UID)
        os.chown(FOLDER, UID, UID)
        # Now, as the daemon sees no mounts of later. The user can read it and not write to it.
        PLACE.mkdir()
        subprocess.run(["mount", "--bind", demo_folder, PLACE], check=True)

    environ = {
        "HOME": f"{FOLDER}/home",
        "XDG_RUNTIME_DIR": f"{FOLDER}/run",
        "PATH": f"{needs.PATH}:{CONTRIB}",
    }
    etc = tmp_path_factory.mktemp("rootless") / "etc"
    command = (*known("operator", etc), *as_user(), script)
    with (
        # Its daemon has a network of its own; the ports are the host's.
        intranet(tmp_path_factory.mktemp("intranet")),
        docker_daemon(FOLDER, command, environ, prepare) as daemon,
    ):
        yield daemon


@pytest.fixture(scope="module")
def of_user(rootless: Daemon) -> Iterator[Bundle]:
    """The bundle of the user."""
    environ = {"DOCKER_HOST": rootless.host, "HOME": f"{FOLDER}/home"}
    bundle = Bundle(PLACE, {**environ, "AIRGAP_STATE_DIR": f"{FOLDER}/home/state"}, as_user())
    yield bundle
    bundle.airgap("down")


def test_check_says_what_is_different(of_user: Bundle) -> None:
    done = of_user.airgap("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Docker runs without root" in done.stdout
    assert f"{FOLDER}/data on " in done.stdout


def test_all_of_it_is_served_and_comes_back_with_the_daemon(
    of_user: Bundle, rootless: Daemon
) -> None:
    done = of_user.airgap("load")
    assert done.returncode == 0, done.stdout + done.stderr
    done = of_user.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Paris" in of_user.airgap("chat", "What is the capital of France?").stdout
    rootless.restart()
    until(lambda: of_user.airgap("status").returncode == 0, 600)
    assert "Paris" in of_user.airgap("chat", "What is the capital of France?").stdout
    assert of_user.inspect(SERVER)["RestartCount"] == 0


def test_the_state_belongs_to_the_user_and_to_who_the_user_gave_it(of_user: Bundle) -> None:
    state = Path(of_user.environ["AIRGAP_STATE_DIR"])
    # uid 1000 of a container; its root is the user.
    in_container = SUBORDINATE + 999
    assert {path.lstat().st_uid for path in (state / "agent").rglob("*")} <= {in_container}
    assert (state / "agent").stat().st_uid == in_container
    done = subprocess.run(
        [*as_user(), "ls", state, state / "agent"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_nothing_is_left(of_user: Bundle) -> None:
    assert of_user.airgap("down").returncode == 0
    names = of_user.docker("ps", "--all", "--format", "{{.Names}}").split()
    assert not {SERVER, AGENT} & set(names)
    done = of_user.airgap("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert of_user.docker("image", "ls", "--quiet") == ""
    assert not list((FOLDER / "home").glob("state*"))
