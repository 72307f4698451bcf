"""What CUDA's driver says is said in words; a library made here takes the driver's place."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vllm_server.errors import StartError
from vllm_server.gpus import check_gpus

DRIVER = """
int cuInit(unsigned flags) { return %d; }
int cuDeviceGetCount(int *count) { *count = %d; return 0; }
"""


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    """A folder with the device nodes of one GPU."""
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / "nvidia0").touch()
    return folder


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, count: int) -> None:
    """Puts a libcuda.so.1 where processes started from here find it."""
    if shutil.which("cc") is None:
        if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
            pytest.fail("cc is not installed")
        pytest.skip("cc is not installed")
    (folder / "driver.c").write_text(DRIVER % (code, count))
    command = ["cc", "-shared", "-o", f"{folder}/libcuda.so.1", f"{folder}/driver.c"]
    subprocess.run(command, check=True, timeout=60)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))


def test_a_gpu_is_looked_for_among_the_devices(tmp_path: Path) -> None:
    (tmp_path / "nvidiactl").touch()
    with pytest.raises(StartError, match="no NVIDIA GPU"):
        check_gpus(1, tmp_path)


def test_a_driver_without_its_library(devices: Path) -> None:
    with pytest.raises(StartError, match=r"libcuda\.so\.1: cannot open(.|\n)*LD_LIBRARY_PATH"):
        check_gpus(1, devices)


def test_as_many_gpus_as_are_wanted(
    devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, code=0, count=2)
    check_gpus(2, devices)
    with pytest.raises(StartError, match="TENSOR_PARALLEL is 4, and the NVIDIA driver shows 2"):
        check_gpus(4, devices)


@pytest.mark.parametrize(
    ("code", "words"),
    [(803, "of different versions"), (100, "sees no GPU"), (999, "error 999(.|\n)*nvidia-uvm")],
)
def test_what_the_driver_answers(
    devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    install(tmp_path, monkeypatch, code, count=0)
    with pytest.raises(StartError, match=words):
        check_gpus(1, devices)
