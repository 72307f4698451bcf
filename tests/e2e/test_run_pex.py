"""``airgap run-pex``: the demo's programs with the Python of the image, on the host's network."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.demo import MODEL
from tests.e2e.needs import PATH

MODEL_DIR = "models/smollm2_135m_instruct"
PORT = "8017"


@pytest.fixture(scope="module", autouse=True)
def unpacked(demo: Bundle, state: Path) -> Iterator[None]:
    """What the programs were unpacked to, gigabytes, is removed at once."""
    yield
    shutil.rmtree(state / "pex")


def test_it_says_what_the_program_says(demo: Bundle) -> None:
    done = demo.airgap("run-pex", "vllm-cpu", "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: vllm_server")


def test_it_ends_as_the_program_ends(demo: Bundle) -> None:
    done = demo.airgap("run-pex", "vllm-cpu", "--model-dir", "models/absent")
    assert done.returncode == 1
    assert "the model folder `models/absent` is not there" in done.stderr


@pytest.fixture
def server(demo: Bundle, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The model server, started from the bundle's PEX."""
    words = ["MAX_MODEL_LEN=512", "--model-dir", MODEL_DIR, "--model-name", MODEL, "--port", PORT]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [demo.folder / "airgap", "run-pex", "vllm-cpu", *words],
            cwd="/",
            env={"PATH": PATH, "LANG": "C.UTF-8", **demo.environ},
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


def test_the_server_serves_on_the_host_and_ends_when_told(
    demo: Bundle, server: "subprocess.Popen[str]"
) -> None:
    question = {"model": MODEL, "prompt": "The capital of France is", "max_tokens": 4}
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/v1/completions",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        assert json.load(response)["choices"][0]["text"].strip()
    server.terminate()
    server.wait(120)
    assert demo.docker("ps", "--all", "--quiet", "--filter", "label=airgap.pex").split() == []
