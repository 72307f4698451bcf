"""A user who may use Docker by its group, and nothing else of root's."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.daemon import Daemon
from tests.e2e.users import UID, as_user

GROUP = 4712


@pytest.fixture(scope="module")
def socket(docker: Daemon) -> Iterator[Path]:
    """Docker's socket, which belongs to a group of the test's own meanwhile."""
    path = docker.folder / "sock"
    before = path.stat()
    assert stat.S_IMODE(before.st_mode) == 0o660
    os.chown(path, 0, GROUP)
    yield path
    os.chown(path, 0, before.st_gid)


@pytest.fixture(scope="module")
def place(demo: Bundle, docker: Daemon) -> Iterator[Path]:
    """The bundle where everybody can read it; nothing of it is up."""
    demo.airgap("down")
    place = docker.folder / "demo"
    place.mkdir()
    subprocess.run(["mount", "--bind", demo.folder, place], check=True)
    home = docker.folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, UID, UID)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="module")
def of_user(place: Path, socket: Path) -> Iterator[Bundle]:
    home = place.parent / "home"
    environ = {"DOCKER_HOST": f"unix://{socket}", "HOME": str(home)}
    bundle = Bundle(place, {**environ, "AIRGAP_STATE_DIR": f"{home}/state"}, as_user(GROUP))
    yield bundle
    bundle.airgap("down")


def test_without_the_group_check_says_how_to_join_it(of_user: Bundle) -> None:
    stranger = Bundle(of_user.folder, of_user.environ, as_user())
    done = stranger.airgap("check")
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if "permission denied" in line)
    assert line.startswith("stop")
    assert "docker" in line.partition("to do: ")[2]
    for command in ("load", "up"):
        done = stranger.airgap(command)
        assert done.returncode == 1
        assert "permission denied" in done.stderr
    assert not (of_user.folder.parent / "home" / "state").exists()


def test_with_it_all_is_served(of_user: Bundle) -> None:
    checked = of_user.airgap("check")
    assert checked.returncode == 0, checked.stdout
    done = of_user.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Paris" in of_user.airgap("chat", "What is the capital of France?").stdout


def test_the_user_backs_up_and_removes_what_was_made(of_user: Bundle) -> None:
    home = of_user.folder.parent / "home"
    state = home / "state"
    assert (state / "agent").stat().st_uid == 1000
    done = of_user.airgap("backup", str(home / "backup.tar"))
    assert done.returncode == 0, done.stderr
    done = of_user.airgap("restore", str(home / "backup.tar"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert of_user.airgap("status").returncode == 0
    # Takes the image away too; whoever comes later loads it again.
    done = of_user.airgap("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in home.iterdir()] == ["backup.tar"]
