"""What can be set, by option or environment variable."""

import argparse
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from agentfabric_offline.errors import Problem, WrongSetting

Which = Literal["app", "bot"]

PORTS: dict[Which, int] = {"app": 7860, "bot": 7865}
"""The port of each page where none is set: those of the original guide."""

_HELP = {
    "LLM_URL": "the OpenAI address of the model server, which ends in /v1"
    " (default: http://127.0.0.1:8000/v1)",
    "LLM_MODEL": "the model's name at that server (default: the first that it lists)",
    "LLM_API_KEY_FILE": "a file with the key that the model server asks for (default: no key)",
    "EMBEDDING_DIR": "the folder of the embedding model, a ModelScope sentence-embedding model",
    "STATE_DIR": "the folder for what people make: agents, knowledge, history; the guide's"
    " DEFAULT_AGENT_DIR",
    "CODE_INTERPRETER_WORK_DIR": "where the code interpreter works"
    " (default: code_interpreter in STATE_DIR)",
    "HOST": "the address to listen on (default: 127.0.0.1)",
    "PORT": "the port to listen on (default: 7860 for app, 7865 for bot)",
    "PASSWORD_FILE": "who may log in, a line `name:password` each (default: passwords in"
    " STATE_DIR); given and empty, everybody may see the page",
    "TLS_CERT": "the certificate with which the page is served over https, a PEM file"
    " (default: it is served over http)",
    "TLS_KEY": "the private key of that certificate, a PEM file without a password",
    "SOURCE_DIR": "upstream's source (default: the one that comes with this program)",
}


@dataclass(frozen=True)
class Settings:
    """How to serve one of upstream's pages; see `--help` for what each one means.

    Attributes:
        which: `app` for the page that builds agents, `bot` for the one that serves an agent.
        llm_model: Empty where the server shall be asked.
        llm_api_key: `EMPTY` where the server asks for none.
        password_file: None where everybody may see the page.
        tls: Certificate and key; None where the page is served over http.
    """

    which: Which
    llm_url: str
    llm_model: str
    llm_api_key: str
    embedding_dir: Path
    state_dir: Path
    code_interpreter_dir: Path
    host: str
    port: int
    password_file: Path | None
    tls: tuple[Path, Path] | None
    source_dir: Path


def read_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """The settings from options, and where an option is not given from the environment.

    Raises:
        WrongSetting: One of them is missing or makes no sense.
    """
    parser = argparse.ArgumentParser(
        prog="agentfabric",
        description="Serve AgentFabric without any use of a network.",
        epilog="Each option can be given as the environment variable in its line instead.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "which",
        choices=tuple(PORTS),
        help="app: the page that builds agents; bot: the page of the agent in STATE_DIR",
    )
    for name, text in _HELP.items():
        option = "--" + name.lower().replace("_", "-")
        parser.add_argument(option, dest=name, metavar=name, help=text)
    given = vars(parser.parse_args(argv))
    which: Which = given.pop("which")
    values = {name: environ.get(name) if given[name] is None else given[name] for name in _HELP}
    return _settings(which, values, environ)


def _settings(
    which: Which, values: Mapping[str, str | None], environ: Mapping[str, str]
) -> Settings:
    # An empty variable is one that nobody set: compose files cannot leave one out.
    value = {name: (text or "").strip() for name, text in values.items()}
    state_dir = _path("STATE_DIR", value)
    work_dir = value["CODE_INTERPRETER_WORK_DIR"]
    return Settings(
        which=which,
        llm_url=_url(value["LLM_URL"] or "http://127.0.0.1:8000/v1"),
        llm_model=value["LLM_MODEL"],
        llm_api_key=_key(value["LLM_API_KEY_FILE"], environ.get("LLM_API_KEY", "").strip()),
        embedding_dir=_folder("EMBEDDING_DIR", value),
        state_dir=state_dir,
        code_interpreter_dir=Path(work_dir or state_dir / "code_interpreter").absolute(),
        host=value["HOST"] or "127.0.0.1",
        port=_port(value["PORT"] or str(PORTS[which])),
        # Here alone an empty value says something: no login.
        password_file=_password_file(values["PASSWORD_FILE"], state_dir),
        tls=_tls(value["TLS_CERT"], value["TLS_KEY"]),
        source_dir=_source(value["SOURCE_DIR"]),
    )


def _path(name: str, value: Mapping[str, str]) -> Path:
    if not value[name]:
        raise WrongSetting("needed", name=name)
    return Path(value[name]).absolute()


def _folder(name: str, value: Mapping[str, str]) -> Path:
    path = _path(name, value)
    if not path.is_dir():
        raise WrongSetting("unusable", name=name, value=path)
    return path


def _url(url: str) -> str:
    url = url.rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.endswith("/v1"):
        raise WrongSetting("unusable", name="LLM_URL", value=url)
    return url


def _port(port: str) -> int:
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise WrongSetting("unusable", name="PORT", value=port)
    return int(port)


def _key(path: str, key: str) -> str:
    if not path:
        return key or "EMPTY"
    try:
        key = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongSetting("key", path=path, why=error.strerror or error) from error
    except UnicodeDecodeError as error:
        raise WrongSetting("key", path=path, why=error.reason) from error
    if len(key.split()) != 1:
        # What it holds may be a key all the same, so it is not shown.
        raise WrongSetting("key", path=path, why=f"{len(key.split())} words")
    return key


def _password_file(given: str | None, state_dir: Path) -> Path | None:
    if given is None:
        return state_dir / "passwords"
    return Path(given.strip()).absolute() if given.strip() else None


def _tls(certificate: str, key: str) -> tuple[Path, Path] | None:
    if not certificate and not key:
        return None
    for name, given in (("TLS_CERT", certificate), ("TLS_KEY", key)):
        if not given:
            raise WrongSetting("needed", name=name)
    found = Path(certificate).absolute(), Path(key).absolute()
    try:
        # A password would be asked for on a terminal that nobody sits at.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*found, lambda: "")
    except OSError as error:
        raise WrongSetting("tls", pem=found, why=error) from error
    return found


def _source(given: str) -> Path:
    source = Path(given).absolute() if given else _own_source()
    for needed in ("apps/agentfabric/app.py", "modelscope_agent/__init__.py"):
        if not (source / needed).is_file():
            raise WrongSetting("source", path=source, missing=needed)
    return source


def _own_source() -> Path:
    return Path(__file__).parent.parent / "upstream" / "modelscope_agent"


def check_state(state_dir: Path) -> None:
    """Make the state folder where it is not there, and see that files can be made in it.

    Raises:
        Problem: If not.
    """
    probe = state_dir / f".writable-{os.getpid()}"
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        why = error.strerror or error
        raise Problem("state", path=state_dir, why=why, uid=os.getuid()) from error
