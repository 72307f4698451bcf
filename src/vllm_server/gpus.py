"""Whether CUDA works here, asked of the driver before vLLM is imported, which takes a minute."""

import subprocess
import sys
from pathlib import Path

from vllm_server.errors import StartError

_ASK = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
code, count = cuda.cuInit(0), ctypes.c_int(0)
print(code or cuda.cuDeviceGetCount(ctypes.byref(count)), count.value)
"""

_CODES = {
    # CUresult of the CUDA driver API.
    100: ("it sees no GPU", "give this process access to the device nodes of the GPUs"),
    802: (
        "it is not ready: the GPUs are joined by NVSwitch",
        "start the service nvidia-fabricmanager on the host, in the driver's very version",
    ),
    803: (
        "its library and its kernel module are of different versions",
        "restart the host, or install the driver again",
    ),
}


def check_gpus(wanted: int, devices: Path = Path("/dev")) -> None:
    """Make sure that CUDA starts and sees as many GPUs as are wanted; takes a second.

    Asked in a process of its own: a process that has started CUDA cannot fork, and vLLM may.

    Args:
        wanted: The number of GPUs.
        devices: `/dev`; ``dxg`` in it is the GPU of Windows' Linux.

    Raises:
        StartError: There is no GPU, not enough of them, or the driver does not work.
    """
    if not any(devices.glob("nvidia[0-9]*")) and not (devices / "dxg").exists():
        raise StartError(
            "DEVICE is `cuda`, and there is no NVIDIA GPU here",
            "start the container with access to the GPU (--gpus all), or set DEVICE to cpu",
        )
    done = subprocess.run([sys.executable, "-I", "-c", _ASK], capture_output=True, text=True)
    if done.returncode != 0:
        raise StartError(
            "the NVIDIA driver's library does not load: "
            + (done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"),
            "let the loader find libcuda.so.1: by ldconfig, or with its folder in LD_LIBRARY_PATH",
        )
    code, found = (int(word) for word in done.stdout.split())
    if code != 0:
        problem, remedy = _CODES.get(
            code,
            (
                f"it answers with error {code}",
                "see whether `nvidia-smi` works on the host, and whether /dev/nvidia-uvm is there"
                " (`nvidia-modprobe -u -c=0` makes it)",
            ),
        )
        raise StartError(f"the NVIDIA driver does not start: {problem}", remedy)
    if found < wanted:
        raise StartError(
            f"TENSOR_PARALLEL is {wanted}, and the NVIDIA driver shows {found} of the GPUs",
            f"set TENSOR_PARALLEL to {found} or less, or give this process access to more",
        )
