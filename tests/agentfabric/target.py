"""Upstream's page as plain as it comes, and ours, each with somebody who attacks it."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.agentfabric.attacker import Attacker
from tests.agentfabric.conftest import MODEL
from tests.agentfabric.stack import Stack, started
from tests.e2e.bundle import dist
from tests.ports import free_port

_PRISTINE = Path(__file__).with_name("pristine.py")
_PASSWORDS = {"ann": "one", "bob": "two"}


@dataclass
class Target:
    """A served page.

    Attributes:
        attacker: Sends requests, with an account where there is a login.
        victim: Somebody else, with another.
        name: The folder of the victim's agents.
        secret: A file of the host that the page has no use for; what it holds is the prize.
        room: A folder that the page has no business in.
    """

    attacker: Attacker
    victim: Attacker
    name: str
    room: Path
    content: str = field(default_factory=secrets.token_hex)

    @property
    def secret(self) -> str:
        path = self.room / "secret"
        path.write_text(self.content)
        return str(path)


@contextlib.contextmanager
def serve_pristine(stack: Stack, page: str, room: Path) -> Iterator[Target]:
    """Upstream's page, as plain as it comes."""
    (room / "work").mkdir()
    port = free_port()
    environ = {
        **stack.environ,
        "PEX_INTERPRETER": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(room / "gradio"),
        "MODELSCOPE_CACHE": str(room / "modelscope"),
        "CODE_INTERPRETER_WORK_DIR": str(room / "code_interpreter"),
        "LOG_ENABLE_FILE": "off",
        "OPENAI_API_KEY": "EMPTY",
    }
    source = stack.pex / "upstream" / "modelscope_agent"
    embedding = dist() / "models.minilm" / "minilm"
    address = f"http://127.0.0.1:{port}/"
    command = stack.command(_PRISTINE, page, source, room / "state", embedding)
    with started(command, environ, address, room / "log", room / "work"):
        yield Target(Attacker(address), Attacker(address), "ann", room)


@contextlib.contextmanager
def serve_ours(stack: Stack, which: str, room: Path) -> Iterator[Target]:
    """Our page, with two accounts."""
    passwords = room / "passwords"
    passwords.write_text("".join(f"{name}:{word}\n" for name, word in _PASSWORDS.items()))
    environ = {
        "STATE_DIR": str(room / "state"),
        "EMBEDDING_DIR": str(dist() / "models.minilm" / "minilm"),
        "LLM_URL": "http://127.0.0.1:9/v1",
        "LLM_MODEL": MODEL,
        "PASSWORD_FILE": str(passwords),
    }
    with stack.serve(which, room / "log", **environ) as address:
        ann, bob = (Attacker(address).log_in(name, _PASSWORDS[name]) for name in ("ann", "bob"))
        yield Target(bob, ann, "ann", room)
