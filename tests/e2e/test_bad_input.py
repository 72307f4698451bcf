"""What can be wrong on the host: one clear message, an exit code not 0, and nothing left."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle, shadow


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("airgap: ")
    assert "to do:" in done.stderr
    return done.stderr


@pytest.fixture
def copy(demo: Bundle, demo_folder: Path, tmp_path: Path) -> Bundle:
    shadow(demo_folder, tmp_path / "demo")
    return Bundle(tmp_path / "demo", demo.environ)


def test_no_docker_client(demo_folder: Path, tmp_path: Path) -> None:
    for name in ("sh", "date", "dirname", "readlink", "awk", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    message = refused(Bundle(demo_folder).airgap("up", PATH=str(tmp_path)))
    assert 'there is no command "docker"' in message


def test_a_message_in_chinese(demo_folder: Path) -> None:
    done = Bundle(demo_folder).airgap("up", LANG="zh_CN.UTF-8", AIRGAP_SERVER_PORT="0")
    assert done.returncode == 1
    assert "检查设置：SERVER_PORT 的值为“0”" in done.stderr


def test_no_docker_daemon(demo: Bundle, tmp_path: Path) -> None:
    message = refused(demo.airgap("up", DOCKER_HOST=f"unix://{tmp_path}/nobody"))
    assert f"{tmp_path}/nobody" in message
    assert "a running Docker daemon" in message


@pytest.mark.parametrize("setting", ["SERVER_PORT", "AGENT_PORT"])
def test_a_port_in_use(demo: Bundle, setting: str) -> None:
    before = demo.left()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        message = refused(demo.airgap("up", **{f"AIRGAP_{setting}": port}))
    assert f"port {port} of 127.0.0.1 is in use" in message
    assert setting in message
    assert demo.left() == before


def test_a_state_folder_that_cannot_be_made(demo: Bundle) -> None:
    before = demo.left()
    message = refused(demo.airgap("up", AIRGAP_STATE_DIR="/proc/airgap"))
    assert "/proc/airgap" in message
    assert demo.left() == before


def test_a_state_folder_of_someone_else(served: Bundle, tmp_path: Path) -> None:
    before = served.left()
    other = tmp_path / "others"
    (other / "agent").mkdir(parents=True, mode=0o755)
    (other / "agent" / "file").touch()
    message = refused(served.airgap("up", AIRGAP_STATE_DIR=str(other)))
    assert f"cannot write the state folder {other}" in message
    assert served.left() == before
    assert [path.name for path in other.rglob("*")] == ["agent", "file"]


def test_a_missing_model_folder(copy: Bundle) -> None:
    before = copy.left()
    shutil.rmtree(copy.folder / "models/minilm")
    message = refused(copy.airgap("up"))
    assert f"there is no folder {copy.folder}/models/minilm" in message
    assert copy.left() == before


def test_a_truncated_model_file(copy: Bundle) -> None:
    before = copy.left()
    weights = copy.folder / "models/smollm2_135m_instruct/model.safetensors"
    weights.unlink()
    weights.write_bytes(b"cut short")
    done = copy.airgap("up")
    assert done.returncode == 1
    assert "models/smollm2_135m_instruct/model.safetensors" in done.stderr
    assert f'run "{copy.folder}/airgap verify"' in done.stderr
    assert copy.left() == before


def test_opening_the_server_without_a_key(demo: Bundle) -> None:
    before = demo.left()
    message = refused(demo.airgap("up", AIRGAP_SERVER_LISTEN="0.0.0.0"))
    assert "SERVER_KEY_FILE" in message
    assert demo.left() == before


def test_a_command_line_that_is_wrong(demo: Bundle) -> None:
    done = demo.airgap("serve")
    assert done.returncode == 2
    assert 'unknown command "serve"' in done.stderr
