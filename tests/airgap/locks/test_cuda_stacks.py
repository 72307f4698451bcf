"""The stacks for GPUs are what their names say, whatever else the machine that locked them had."""

from pathlib import Path

import pytest

from airgap.locks import python

LOCKS = Path(__file__).parents[3] / "third_party" / "python"


@pytest.mark.parametrize(("stack", "major"), [("vllm-cu12", 12), ("vllm-cu13", 13)])
def test_pytorch_and_its_libraries_are_those_for_cuda(stack: str, major: int) -> None:
    name = f"{stack}.lock"
    wheels = {wheel.name: wheel for wheel in python.parse((LOCKS / name).read_text(), name)}
    # A build for the CPU counts as newer, and pip's find-links may have one.
    assert "+cpu" not in wheels["torch"].version
    assert wheels["torch"].blob.size > 500_000_000
    assert f"nvidia-cudnn-cu{major}" in wheels
    assert f"nvidia-cudnn-cu{25 - major}" not in wheels
    assert "vllm" in wheels
    # Nothing that the image would have to compile a kernel for with nvcc, or that shows pictures.
    left_out = {"flashinfer-python", "torchvision", "torchaudio", "opencv-python-headless"}
    assert not left_out & wheels.keys()
