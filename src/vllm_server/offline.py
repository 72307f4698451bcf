"""The environment in which vLLM and the libraries below it reach for nothing outside."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_OFFLINE = {
    # The engine's processes talk over this address; without it vLLM asks the kernel for the one
    # that leads to a public name server.
    "VLLM_HOST_IP": "127.0.0.1",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
    # Seconds. The form that AgentFabric's builder asks for is a regular expression, and a busy host
    # takes longer over it than vLLM's 5.
    "VLLM_REGEX_COMPILATION_TIMEOUT_S": "60",
    # vLLM 0.32 imports flashinfer for its sampler unless told not to. The stacks are without it: it
    # compiles its programs with nvcc, which no image has.
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
}


def offline_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to set on top of ``environ``.

    vLLM, Triton, torch and the GPU's driver keep what they compile below the home folder, and run
    it from there. Where that cannot be, they get one below the folder for temporary files.
    """
    changes = dict(_OFFLINE)
    home = environ.get("HOME")
    if not home or not _runs_what_is_written(home):
        spare = Path(tempfile.gettempdir()) / f"vllm-server-{os.getuid()}"
        spare.mkdir(mode=0o700, exist_ok=True)
        changes["HOME"] = str(spare)
    return changes


def _runs_what_is_written(folder: str) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC
