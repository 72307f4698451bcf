"""Agents use the local model and local tools, whatever their configuration names."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import models
from agentfabric_offline.errors import UnexpectedShape

TOOLS = {
    "image_gen": {"name": "Wanx Image Generation", "is_active": True, "use": True},
    "code_interpreter": {"name": "Code Interpreter", "is_active": True, "use": False},
    "text-ner": {"name": "命名实体识别", "is_active": False, "use": False},
}
DEFAULT = {"name": "", "model": "qwen-max", "tools": {"image_gen": {}, "code_interpreter": {}}}


class Config(dict[str, Any]):
    """As upstream's, values are attributes too."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


@pytest.fixture
def served(tmp_path: Path) -> Any:
    """An upstream that has one agent, which was made with another model and with a tool."""
    builder = {"model": "qwen-max", "tools": {name: {"use": True} for name in TOOLS}}
    saved: list[dict[str, Any]] = []

    def parse_configuration(uuid_str: str = "") -> Any:
        copy = json.loads(json.dumps([builder, {"qwen-max": {}}, TOOLS]))
        return *map(Config, copy), ["image_gen"], {}, []

    def save_builder_configuration(builder_cfg: dict[str, Any], uuid_str: str = "") -> None:
        saved.append(builder_cfg)

    def get_user_cfg_file(uuid_str: str = "") -> str:
        (tmp_path / uuid_str).write_text(json.dumps(builder))
        return str(tmp_path / uuid_str)

    config_utils = SimpleNamespace(
        Config=Config,
        parse_configuration=parse_configuration,
        save_builder_configuration=save_builder_configuration,
        get_user_cfg_file=get_user_cfg_file,
    )
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "builder_config.json").write_text(json.dumps(DEFAULT))
    (tmp_path / "config" / "tool_config.json").write_text(json.dumps(TOOLS))
    warned: list[str] = []

    def warning(message: str = "") -> None:
        warned.append(message)

    boxes = SimpleNamespace(info=None)
    modules = {"config_utils": config_utils, "gradio": SimpleNamespace(Warning=warning)}
    return SimpleNamespace(
        which="app",
        scratch=tmp_path,
        server=SimpleNamespace(known="local", url="http://server:8000/v1", api_key="s3cret"),
        module=modules.__getitem__,
        modules=modules,
        config_utils=config_utils,
        page=SimpleNamespace(
            capabilities_checkboxes=boxes, parse_configuration=parse_configuration
        ),
        builder=builder,
        saved=saved,
        warned=warned,
    )


def test_the_local_model_is_the_only_one(served: Any) -> None:
    models.offer_the_local_model_alone(served)
    builder, offered, *rest = served.config_utils.parse_configuration("local_user")
    assert builder.model == "local"
    assert offered == {
        "local": {
            "type": "openai",
            "model": "local",
            "api_base": "http://server:8000/v1",
            "is_chat": True,
            "is_function_call": False,
        }
    }
    assert len(rest) == 4
    assert "s3cret" not in str(offered), "upstream writes this into its log"


def test_a_page_opens_while_the_model_is_not_known(served: Any) -> None:
    served.server.known = ""
    models.offer_the_local_model_alone(served)
    builder, offered, *_ = served.config_utils.parse_configuration("local_user")
    assert builder.model in offered
    served.config_utils.save_builder_configuration({"model": builder.model}, "local_user")
    assert served.saved == [{"model": ""}], "a sentence is no model's name"


def test_a_saved_agent_names_the_model_that_is_there(served: Any) -> None:
    models.offer_the_local_model_alone(served)
    served.config_utils.save_builder_configuration({"name": "a", "model": "qwen-max"}, "local_user")
    assert served.saved == [{"name": "a", "model": "local"}]


def test_tools_that_need_the_internet_are_off_and_still_named(served: Any) -> None:
    models.hide_tools_that_need_the_internet(served)
    builder, _, tools, *_ = served.config_utils.parse_configuration("local_user")
    assert tools.keys() == TOOLS.keys()
    assert not tools["image_gen"]["is_active"]
    assert not builder.tools["image_gen"]["use"]
    assert tools["code_interpreter"]["is_active"]
    assert builder.tools["code_interpreter"]["use"]


def test_the_page_names_the_tools_that_it_had(served: Any) -> None:
    models.say_which_tools_are_hidden(served)
    info = served.page.capabilities_checkboxes.info
    assert "Wanx Image Generation" in info
    assert "命名实体识别" not in info, "upstream does not offer it either"
    assert "Code Interpreter" not in info
    assert "互联网" in info
    assert "internet" in info


def test_a_new_agent_starts_with_what_is_here(served: Any) -> None:
    models.start_agents_with_what_is_here(served)
    template = served.scratch / "config" / "builder_config.json"
    for known in ("", "local", "another"):
        served.server.known = known
        served.config_utils.parse_configuration("local_user")
        builder = json.loads(template.read_text())
        assert builder["model"] == known
        assert list(builder["tools"]) == ["code_interpreter"]


def test_a_default_agent_of_another_shape_stops_the_start(served: Any) -> None:
    (served.scratch / "config" / "builder_config.json").write_text('{"model": ""}')
    with pytest.raises(UnexpectedShape, match="builder_config.json"):
        models.start_agents_with_what_is_here(served)


@pytest.mark.parametrize(
    ("made_with", "known", "told"),
    [
        ("qwen-max", "local", True),
        ("local", "local", False),
        ("", "local", False),
        ("qwen-max", "", False),
    ],
)
def test_the_author_is_told_of_another_model(
    served: Any, made_with: str, known: str, told: bool
) -> None:
    served.builder["model"] = made_with
    served.server.known = known
    models.say_which_model_answers_instead(served)
    served.page.parse_configuration("local_user")
    assert bool(served.warned) == told
    if told:
        assert served.warned[0].count("`qwen-max`") == served.warned[0].count("`local`") == 2


class BaseChatModel:
    def __init__(self, model: str, model_server: str, support_fn_call: bool | None = None) -> None:
        self.model = model


class OpenAi(BaseChatModel):
    pass


def test_the_model_s_name_is_asked_for_at_the_request(served: Any) -> None:
    served.server.name = lambda: served.server.known
    served.modules["modelscope_agent.llm.base"] = SimpleNamespace(BaseChatModel=BaseChatModel)
    served.modules["modelscope_agent.llm.openai"] = SimpleNamespace(OpenAi=OpenAi)
    models.ask_for_the_model_when_it_is_used(served)
    model = OpenAi("（模型服务尚未就绪）", "openai")
    served.server.known = "now there"
    assert model.model == "now there"


def test_all_agents_share_a_client_that_knows_the_key(served: Any) -> None:
    made: list[dict[str, Any]] = []

    def client(**settings: Any) -> object:
        made.append(settings)
        return object()

    module = SimpleNamespace(OpenAI=client)
    served.modules["modelscope_agent.llm.openai"] = module
    served.modules["httpx"] = SimpleNamespace(Timeout=lambda silent, connect: (silent, connect))
    models.share_one_client(served)
    first: Callable[..., object] = module.OpenAI
    assert first(api_key="EMPTY", base_url="x") is first(api_key="EMPTY", base_url="x")
    assert [(each["api_key"], each["base_url"], each["timeout"]) for each in made] == [
        ("s3cret", "http://server:8000/v1", (300, 5))
    ]


def test_no_logo_is_drawn(served: Any) -> None:
    seen: list[dict[str, Any]] = []

    def config_conversion(
        generated_config: dict[str, Any], save: bool = False, uuid_str: str = ""
    ) -> str:
        seen.append(generated_config)
        return uuid_str

    help_tools = SimpleNamespace(config_conversion=config_conversion)
    served.modules["help_tools"] = help_tools
    models.draw_no_logo(served)
    answer = {"name": "a", "logo_prompt": "a sailor"}
    assert help_tools.config_conversion(answer, uuid_str="local_user") == "local_user"
    assert answer == {"name": "a"}, "the caller draws one where it still asks"
    assert seen == [answer]
