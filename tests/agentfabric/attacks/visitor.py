"""What any visitor of the builder's page does, and what he is told."""

import json
from typing import Any

from tests.agentfabric.attacker import Attacker
from tests.agentfabric.conftest import MODEL
from tests.agentfabric.target import Target

_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "78da63606060000000040001f61738550000000049454e44ae426082"
)


def begin(who: Attacker, name: str = "") -> list[dict[str, Any]]:
    """Opens the page: what the server tells of the agent."""
    return who.event("init_all", [name, None])


def configure(who: Attacker, **values: Any) -> list[dict[str, Any]]:
    """Presses 更新配置 with these values in the form."""
    given: dict[str, object] = {
        "uuid_str": "",
        "avatar": {"path": who.upload("p.png", _PICTURE)},
        "name": "",
        "description": "",
        "instructions": "",
        "model": MODEL,
        "language": "zh",
        "suggestions": {"headers": ["x"], "data": [["hello"]], "metadata": None},
        "knowledge": [],
        "capabilities": [],
        "schema": "",
        "auth": "None",
        "apikey": "",
        "apikey_type": None,
        "privacy": "",
        "state": None,
    }
    return who.event("process_configuration", list({**given, **values}.values()))


def chat(who: Attacker, shown: list[Any], files: list[Any]) -> list[dict[str, Any]]:
    """Asks a question in the preview."""
    question = {"text": "hello", "files": files}
    return who.event("preview_send_message", [shown, question, None, ""])


def named(messages: object, file_name: str) -> set[str]:
    """The paths in an answer whose last part is ``file_name``."""
    text = json.dumps(messages, ensure_ascii=False)
    parts = text.replace("(", '"').replace(")", '"').replace("/file=", '"').split('"')
    return {part for part in parts if part.endswith("/" + file_name)}


def leaks(target: Target, messages: object) -> bool:
    """Whether the attacker can read the secret at one of the paths that he was told."""
    paths = named(messages, "secret")
    return any(target.attacker.read(path).text == target.content for path in paths)
