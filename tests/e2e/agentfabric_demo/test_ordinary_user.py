"""A user who may use Docker, and is not root, prepares a state folder of their own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.agentfabric_demo.fabric import Fabric
from tests.e2e.bundle import Bundle
from tests.e2e.daemon import FOLDER
from tests.e2e.needs import program

SOMEBODY = 4711


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of theirs, with a key that they keep for themselves."""
    with tempfile.TemporaryDirectory(prefix="airgap-home-") as folder:
        secret = Path(folder) / "secret"
        secret.mkdir(mode=0o700)
        (secret / "key").write_text("a-key\n")
        (secret / "key").chmod(0o400)
        for path in (Path(folder), secret, secret / "key"):
            os.chown(path, SOMEBODY, SOMEBODY)
        yield Path(folder)


@pytest.fixture
def theirs(fabric: Fabric, home: Path) -> Iterator[Bundle]:
    """The bundle where they can read it, run by them, on a Docker that is open to them."""
    folder = home / "agentfabric_demo"
    folder.mkdir()
    for name in ("airgap", "bundle.conf", "MANIFEST"):
        shutil.copy(fabric.bundle.folder / name, folder)
    shutil.copytree(fabric.bundle.folder / "lib", folder / "lib")
    (folder / "models").symlink_to(fabric.bundle.folder / "models")
    socket = FOLDER / "sock"
    owner = socket.stat().st_gid
    FOLDER.chmod(0o711)
    os.chown(socket, -1, SOMEBODY)
    settings = {
        **fabric.bundle.environ,
        "AIRGAP_STATE_DIR": str(home / "state"),
        "AIRGAP_SERVER_LISTEN": "0.0.0.0",
        "AIRGAP_SERVER_KEY_FILE": str(home / "secret" / "key"),
    }
    try:
        yield Bundle(folder, settings)
    finally:
        os.chown(socket, -1, owner)
        FOLDER.chmod(0o700)


def run(bundle: Bundle, *arguments: str) -> tuple[int, str]:
    """As that user; exit code and what was printed."""
    user = [f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
    done = subprocess.run(
        [program("setpriv"), *user, bundle.folder / "airgap", *arguments],
        cwd="/",
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **bundle.environ},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_without_root_the_state_is_prepared_and_the_key_s_remedy_works(
    theirs: Bundle, home: Path
) -> None:
    code, said = run(theirs, "password", "guest")
    assert code == 1
    assert f"cannot read the key file {home}/secret/key" in said
    assert "without root: chmod 444" in said
    (home / "secret" / "key").chmod(0o444)
    for account in ("guest", "other"):
        code, said = run(theirs, "password", account)
        assert (code, f"account {account}" in said) == (0, True), said
    status = (home / "state").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1000, SOMEBODY, 0o770)
