import os
import socket
import subprocess
import sys
from pathlib import Path

import vllm_server.__main__ as program

SOURCES = Path(program.__file__).parents[1]


def run(**environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "vllm_server"],
        env={**os.environ, "PYTHONPATH": str(SOURCES), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_is_wrong_is_told_in_one_message_and_what_to_do(tmp_path: Path) -> None:
    done = run(MODEL_DIR=str(tmp_path / "absent"))
    assert done.returncode == 1
    assert done.stderr.startswith("vllm_server: the model folder ")
    assert "\n  next:     " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_port_and_one_in_use_stop_the_start(model: Path) -> None:
    done = run(MODEL_DIR=str(model), PORT="0")
    assert (done.returncode, "PORT is `0`" in done.stderr) == (1, True)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run(MODEL_DIR=str(model), PORT=str(other.getsockname()[1]))
    assert (done.returncode, "is in use" in done.stderr) == (1, True)
