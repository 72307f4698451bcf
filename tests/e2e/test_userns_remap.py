"""A daemon that maps the users of containers to others (userns-remap)."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import needs
from tests.e2e.bundle import Bundle
from tests.e2e.daemon import docker_daemon
from tests.e2e.intranet import intranet
from tests.e2e.users import SUBORDINATE, known
from tests.e2e.waiting import until

FOLDER = Path(tempfile.gettempdir()) / "airgap-remapped"
# uid 1000 of a container.
OWNER = SUBORDINATE + 1000


@pytest.fixture(scope="module")
def remapped(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    needs.root()
    # The user whom Docker would make itself, and have others in its gift (subuid(5)).
    etc = known("dockremap", tmp_path_factory.mktemp("remapped") / "etc")
    command = (*etc, "dockerd", "--userns-remap=default")
    with (
        intranet(tmp_path_factory.mktemp("intranet")),
        docker_daemon(FOLDER, command) as daemon,
    ):
        state = FOLDER / "state" / "状态 folder"
        state.parent.mkdir(mode=0o755)
        environ = {"DOCKER_HOST": daemon.host, "AIRGAP_STATE_DIR": str(state)}
        bundle = Bundle(demo_folder, environ)
        yield bundle
        bundle.airgap("down")


def test_check_says_what_is_different(remapped: Bundle) -> None:
    done = remapped.airgap("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mapped to others (userns-remap)" in done.stdout


def test_all_of_it_is_served_and_the_state_is_of_the_mapped_user(remapped: Bundle) -> None:
    done = remapped.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Paris" in remapped.airgap("chat", "What is the capital of France?").stdout
    state = Path(remapped.environ["AIRGAP_STATE_DIR"])
    made = [path for path in (state, *state.rglob("*")) if path.name != ".airgap-made"]
    assert {path.stat().st_uid for path in made} == {OWNER}
    until(lambda: remapped.airgap("status").returncode == 0, 60)


def test_a_backup_comes_back(remapped: Bundle, tmp_path: Path) -> None:
    mine = Path(remapped.environ["AIRGAP_STATE_DIR"]) / "agent" / "note"
    mine.write_text("before")
    shutil.chown(mine, OWNER)
    done = remapped.airgap("backup", str(tmp_path / "backup.tar"))
    assert done.returncode == 0, done.stderr
    mine.write_text("after")
    done = remapped.airgap("restore", str(tmp_path / "backup.tar"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert mine.read_text() == "before"
    assert mine.stat().st_uid == OWNER


def test_nothing_is_left(remapped: Bundle) -> None:
    assert remapped.airgap("down").returncode == 0
    done = remapped.airgap("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert remapped.docker("ps", "--all", "--quiet") == ""
    assert remapped.docker("image", "ls", "--quiet") == ""
    assert not list((FOLDER / "state").iterdir())
