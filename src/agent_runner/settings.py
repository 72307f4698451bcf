"""Where everything is, from the environment of the process."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agent_runner.errors import StartError

_ADDRESS = "the model server's address, http://HOST:PORT/v1"


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    Attributes:
        agent_dir: The exported agent, from AGENT_DIR.
        embedding_dir: A ModelScope sentence-embedding model, from EMBEDDING_DIR.
        state_dir: A folder that survives, for the index of the knowledge, from STATE_DIR.
        llm_url: The model server's OpenAI address, which ends in /v1, from LLM_URL.
        llm_model: The name under which it serves the model, from LLM_MODEL.
        llm_api_key: What LLM_API_KEY_FILE holds; `EMPTY` where the server asks for none.
        host: The address to listen on, from HOST.
        port: The port of the page, from PORT.
        password_file: Who may see the page, from PASSWORD_FILE; None where everybody may.
        tls: Certificate and key of the page, PEM files, from TLS_CERT and TLS_KEY; None where it
            is served over http.
    """

    agent_dir: Path
    embedding_dir: Path
    state_dir: Path
    llm_url: str
    llm_model: str
    llm_api_key: str = "EMPTY"
    host: str = "127.0.0.1"
    port: int = 7865
    password_file: Path | None = None
    tls: tuple[Path, Path] | None = None


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        StartError: For the first variable that is missing or wrong.
    """
    url = _needed(environ, "LLM_URL", _ADDRESS).rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not url.endswith("/v1"):
        raise _unusable("LLM_URL", f"is `{url}`", _ADDRESS)
    port = environ.get("PORT", "7865")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise _unusable("PORT", f"is `{port}`", "a number from 1 to 65535")
    passwords = environ.get("PASSWORD_FILE", "").strip()
    return Settings(
        agent_dir=_folder(environ, "AGENT_DIR"),
        embedding_dir=_folder(environ, "EMBEDDING_DIR"),
        state_dir=Path(_needed(environ, "STATE_DIR", "a folder that can be written")).absolute(),
        llm_url=url,
        llm_model=_needed(environ, "LLM_MODEL", "a model name that the server serves"),
        llm_api_key=_key(environ),
        host=environ.get("HOST", "127.0.0.1"),
        port=int(port),
        password_file=Path(passwords).absolute() if passwords else None,
        tls=_tls(environ),
    )


def _unusable(name: str, wrong: str, wanted: str) -> StartError:
    return StartError(f"the environment variable `{name}` {wrong}", f"set it to {wanted}")


def _needed(environ: Mapping[str, str], name: str, wanted: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise _unusable(name, "is not set", wanted)
    return value


def _folder(environ: Mapping[str, str], name: str) -> Path:
    path = Path(_needed(environ, name, "a folder")).absolute()
    if not path.is_dir():
        raise _unusable(name, f"is `{path}`, which is no folder", "a folder that is there")
    return path


def _tls(environ: Mapping[str, str]) -> tuple[Path, Path] | None:
    names = "TLS_CERT", "TLS_KEY"
    if not any(environ.get(name, "").strip() for name in names):
        return None
    wanted = "a PEM file, the certificate in TLS_CERT and its key in TLS_KEY, or unset both"
    certificate, key = (Path(_needed(environ, name, wanted)).absolute() for name in names)
    try:
        # A password would be asked for on a terminal that nobody sits at.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate, key, lambda: ""
        )
    except OSError as error:
        wrong = f"and `TLS_KEY` name `{certificate}` and `{key}`, which cannot be used: {error}"
        raise _unusable("TLS_CERT", wrong, f"{wanted}; without a password") from error
    return certificate, key


def _key(environ: Mapping[str, str]) -> str:
    name = environ.get("LLM_API_KEY_FILE", "")
    if not name:
        return "EMPTY"
    wanted = "a file that holds the server's key in one line"
    try:
        key = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable("LLM_API_KEY_FILE", f"cannot be read: {error}", wanted) from error
    if len(key.split()) != 1:
        wrong = f"names `{name}`, which does not hold one key"
        raise _unusable("LLM_API_KEY_FILE", wrong, wanted)
    return key
