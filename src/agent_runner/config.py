"""The exported agent: AgentFabric's builder_config.json and the files it names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent_runner.errors import StartError

KNOWLEDGE = (".txt", ".md", ".pdf", ".docx", ".pptx")
"""The kinds of knowledge files that modelscope-agent's reader knows."""


@dataclass(frozen=True)
class AgentConfig:
    """What builder_config.json says about the agent.

    Attributes:
        name: Heading of the page, and the role that the model plays.
        description: One line under the heading, told to the model as well.
        instruction: What the model shall do; AgentFabric writes a text or a list of texts.
        suggestions: Questions offered to the visitor.
        knowledge: The knowledge files, in the order of the file.
        avatar: A picture of the agent, if the folder has one.
        tools: Names of the tools switched on, none of which is served here.
    """

    name: str
    description: str
    instruction: str | list[str]
    suggestions: tuple[str, ...]
    knowledge: tuple[Path, ...]
    avatar: Path | None
    tools: tuple[str, ...]

    @property
    def role(self) -> dict[str, object]:
        """The form in which RolePlay takes an instruction."""
        return {
            "name": self.name,
            "description": self.description,
            "instruction": self.instruction,
        }


def read(folder: Path) -> AgentConfig:
    """Read the agent in ``folder``.

    Raises:
        StartError: If builder_config.json or a file that it names is missing or of the wrong shape.
    """
    path = folder / "builder_config.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _wrong(folder, f"builder_config.json: {error}") from error
    if not isinstance(raw, dict):
        raise _wrong(folder, "builder_config.json holds no JSON object")
    for field in ("name", "description"):
        if not isinstance(raw.setdefault(field, ""), str):
            raise _wrong(folder, f"`{field}` is not a text")
    instruction = raw.get("instruction", "")
    if not isinstance(instruction, str):
        instruction = _texts(folder, raw, "instruction")
    tools = raw.get("tools") or {}
    if not isinstance(tools, dict):
        raise _wrong(folder, "`tools` is not a JSON object")
    return AgentConfig(
        name=raw["name"].strip() or "Agent",
        description=raw["description"].strip(),
        instruction=instruction,
        suggestions=tuple(_texts(folder, raw, "prompt_recommend")),
        knowledge=tuple(_knowledge(folder, entry) for entry in _texts(folder, raw, "knowledge")),
        avatar=_avatar(folder, raw),
        tools=tuple(name for name, tool in tools.items() if _is_on(tool)),
    )


def _wrong(folder: Path, wrong: str, remedy: str = "export the agent again") -> StartError:
    return StartError(f"the agent in `{folder}` cannot be served: {wrong}", remedy)


def _texts(folder: Path, raw: Mapping[str, object], field: str) -> list[str]:
    value = raw.get(field) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _wrong(folder, f"`{field}` is not a list of texts")
    return value


def _knowledge(folder: Path, entry: str) -> Path:
    # AgentFabric writes paths of the machine where the agent was made, and `config/NAME` when it
    # exports; the file itself lies beside builder_config.json.
    path = folder / Path(entry).name
    if not path.is_file():
        raise _wrong(
            folder, f"the knowledge file `{path.name}` is missing", f"copy it to `{folder}`"
        )
    if path.suffix.lower() not in KNOWLEDGE:
        kinds = ", ".join(KNOWLEDGE)
        wrong = f"the knowledge file `{path.name}` is none of {kinds}"
        raise _wrong(folder, wrong, "convert it, or take it out of `knowledge`")
    return path


def _avatar(folder: Path, raw: Mapping[str, object]) -> Path | None:
    # AgentFabric names a picture even where the agent has none of its own.
    path = folder / Path(str(raw.get("avatar") or "")).name
    return path if path.is_file() else None


def _is_on(tool: object) -> bool:
    return isinstance(tool, dict) and bool(tool.get("use")) and bool(tool.get("is_active", True))
