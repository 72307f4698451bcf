"""Docker's data on a disk too small for the image, and on one as large as check asks for."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import needs
from tests.e2e.bundle import Bundle
from tests.e2e.daemon import Daemon, docker_daemon
from tests.e2e.intranet import intranet

FOLDER = Path(tempfile.gettempdir()) / "airgap-small-disk"
SMALL = 2_000_000_000


@pytest.fixture(scope="module")
def small(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with a disk of its own, which has room for twice the image but for what fills it."""
    needs.root()
    mkfs = needs.program("mkfs.ext4")
    conf = (demo_folder / "bundle.conf").read_text()
    image = re.search(r"^IMAGE_SIZE='(\d+)'", conf, re.M)
    assert image

    def prepare() -> None:
        disk = FOLDER / "disk"
        disk.touch()
        # The file system takes some of it. What is not written takes none of the machine's.
        os.truncate(disk, int(image[1]) * 2 * 105 // 100)
        subprocess.run([mkfs, "-q", "-m0", disk], check=True, timeout=300)
        (FOLDER / "data").mkdir()
        subprocess.run(["mount", "-o", "loop", disk, FOLDER / "data"], check=True, timeout=60)
        with (FOLDER / "data" / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, free() - SMALL)

    with (
        intranet(tmp_path_factory.mktemp("intranet")),
        docker_daemon(FOLDER, prepare=prepare) as daemon,
    ):
        yield daemon


@pytest.fixture(scope="module")
def bundle(demo_folder: Path, small: Daemon) -> Bundle:
    state = str(FOLDER / "state")
    return Bundle(demo_folder, {"DOCKER_HOST": small.host, "AIRGAP_STATE_DIR": state})


def free() -> int:
    disk = os.statvfs(FOLDER / "data")
    return disk.f_bavail * disk.f_frsize


def test_check_names_the_disk_and_what_to_do(bundle: Bundle) -> None:
    done = bundle.airgap("check")
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if "disk for the image" in line)
    assert line.startswith("stop")
    assert f"{FOLDER}/data on {FOLDER}/data: " in line
    assert '"data-root"' in line


@pytest.mark.parametrize("command", ["load", "up"])
def test_nothing_is_half_loaded(bundle: Bundle, command: str) -> None:
    before = free()
    done = bundle.airgap(command)
    assert done.returncode == 1
    assert f"{FOLDER}/data" in done.stderr, done.stderr
    assert "to do: " in done.stderr
    assert bundle.docker("image", "ls", "--all", "--quiet") == ""
    assert free() > before - 50_000_000


def test_the_room_that_check_asks_for_is_enough(bundle: Bundle) -> None:
    (FOLDER / "data" / "ballast").unlink()
    checked = bundle.airgap("check").stdout
    (line,) = (line for line in checked.splitlines() if "disk for the image" in line)
    assert line.startswith("ok"), line
    done = bundle.airgap("load")
    assert done.returncode == 0, done.stderr
    assert bundle.airgap("uninstall", "--purge", "--yes").returncode == 0
