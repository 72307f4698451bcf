"""An agent as AgentFabric exports it is read; one that is not whole is refused by name."""

import json
from pathlib import Path

import pytest

from agent_runner import config
from agent_runner.errors import StartError


def export(folder: Path, **changed: object) -> Path:
    """Write an agent in the shape in which AgentFabric exports it."""
    fields = {
        "name": "内网助手",
        "avatar": "custom_bot_avatar.png",
        "description": "回答内网问题",
        "instruction": ["用中文回答", "简明扼要"],
        "language": "zh",
        "prompt_recommend": ["怎样提交工单？"],
        "knowledge": [],
        "tools": {
            "image_gen": {"name": "Wanx", "is_active": True, "use": True},
            "code_interpreter": {"name": "Code Interpreter", "is_active": True, "use": False},
            "web_search": {"name": "Web Search", "is_active": False, "use": True},
        },
        "model": "qwen-max",
    }
    text = json.dumps(fields | changed, ensure_ascii=False)
    (folder / "builder_config.json").write_text(text, encoding="utf-8")
    return folder


def test_all_that_the_page_and_the_role_need(tmp_path: Path) -> None:
    read = config.read(export(tmp_path))
    assert read.role == {
        "name": "内网助手",
        "description": "回答内网问题",
        "instruction": ["用中文回答", "简明扼要"],
    }
    assert read.suggestions == ("怎样提交工单？",)
    assert read.tools == ("image_gen",)
    assert read.avatar is None, "the default avatar is named even where there is no such file"


def test_avatar_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "custom_bot_avatar.png").write_bytes(b"")
    assert config.read(export(tmp_path)).avatar == tmp_path / "custom_bot_avatar.png"


@pytest.mark.parametrize(
    "entry", ["a.md", "config/a.md", "/tmp/agentfabric/config/local_user/a.md", "../../a.md"]
)
def test_knowledge_is_beside_the_config_whatever_path_it_had(tmp_path: Path, entry: str) -> None:
    (tmp_path / "a.md").write_text("text")
    assert config.read(export(tmp_path, knowledge=[entry])).knowledge == (tmp_path / "a.md",)


def test_an_agent_of_a_name_alone_will_do(tmp_path: Path) -> None:
    (tmp_path / "builder_config.json").write_text('{"name": "A"}')
    read = config.read(tmp_path)
    assert (read.name, read.knowledge, read.suggestions, read.tools) == ("A", (), (), ())


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"knowledge": ["gone.pdf"]}, "`gone.pdf` is missing"),
        ({"knowledge": ["sheet.xlsx"]}, "`sheet.xlsx` is none of .txt"),
        ({"knowledge": "a.md"}, "`knowledge` is not a list of texts"),
        ({"prompt_recommend": [1]}, "`prompt_recommend` is not a list of texts"),
        ({"instruction": {"a": 1}}, "`instruction` is not a list of texts"),
        ({"name": 7}, "`name` is not a text"),
        ({"tools": ["code_interpreter"]}, "`tools` is not"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changed: dict[str, object], found: str) -> None:
    (tmp_path / "sheet.xlsx").write_bytes(b"")
    with pytest.raises(StartError) as caught:
        config.read(export(tmp_path, **changed))
    assert found in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"'])
def test_no_config_in_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "builder_config.json").write_text(text)
    with pytest.raises(StartError, match="builder_config.json"):
        config.read(tmp_path)


def test_no_config_at_all(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="builder_config.json"):
        config.read(tmp_path)


def test_the_example_can_be_served() -> None:
    folder = Path(config.__file__).parent / "example"
    read = config.read(folder)
    assert read.suggestions
    assert set(read.knowledge) == {
        path for path in folder.iterdir() if path.suffix in config.KNOWLEDGE
    }
