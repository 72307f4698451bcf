from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations.plugins import (
    call_services_with_a_limit,
    keep_plugins_to_their_agent,
    request_of,
)
from agentfabric_offline.errors import UnexpectedShape


class Tool:
    """Upstream's OpenAPIPluginTool, as far as it matters here."""

    def __init__(self, cfg: Any, name: str) -> None:
        self.name = name

    def call(self, params: str, **kwargs: Any) -> str:
        return ""

    def _verify_args(self, params: str) -> Any:
        return params


class Agent:
    """Upstream's Agent, which takes tools by name from a register of all."""

    def __init__(self, function_list: list[Any]) -> None:
        self.function_list: list[Any] = []
        self.function_map: dict[str, Any] = {}
        for each in function_list:
            self._register_tool(each)

    def _register_tool(self, tool: str) -> None:
        self.function_list.append(tool)
        self.function_map[tool] = f"the register's {tool}"


def upstream(**modules: Any) -> Any:
    return SimpleNamespace(module=lambda name: modules[name.rpartition(".")[2]])


@pytest.fixture
def user_core(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Agent, "_register_tool", Agent._register_tool)

    def add(plugin_cfgs: Any, function_list: list[Any]) -> list[Any]:
        raise AssertionError("upstream's own is called")

    module = SimpleNamespace(add_openapi_plugin_to_additional_tool=add, OpenAPIPluginTool=Tool)
    keep_plugins_to_their_agent(upstream(user_core=module, agent=SimpleNamespace(Agent=Agent)))
    return module


def test_two_agents_may_have_tools_of_the_same_name(user_core: Any) -> None:
    add = user_core.add_openapi_plugin_to_additional_tool
    one, other = (Agent(add({"search": {}}, ["code_interpreter"])) for _ in range(2))

    assert one.function_list == ["code_interpreter", "search"]
    assert one.function_map["code_interpreter"] == "the register's code_interpreter"
    assert one.function_map["search"].name == "search"
    assert one.function_map["search"] is not other.function_map["search"]


def test_an_agent_without_a_plugin_has_no_tool_of_another(user_core: Any) -> None:
    add = user_core.add_openapi_plugin_to_additional_tool
    Agent(add({"search": {}}, []))

    assert Agent(add({}, [])).function_map == {}


def test_another_shape_of_upstream_stops_the_start() -> None:
    module = SimpleNamespace(OpenAPIPluginTool=Tool)
    with pytest.raises(UnexpectedShape):
        keep_plugins_to_their_agent(upstream(user_core=module, agent=SimpleNamespace(Agent=Agent)))
    with pytest.raises(UnexpectedShape):
        call_services_with_a_limit(upstream(openapi_plugin=SimpleNamespace(OpenAPIPluginTool=Tool)))


def parameter(where: str, *keys: str) -> dict[str, Any]:
    return {"name": ".".join(keys), "in": where, "keys": [*keys]}


def test_each_argument_goes_where_the_schema_says() -> None:
    parameters = [
        parameter("path", "id"),
        parameter("query", "q"),
        parameter("body", "n"),
        parameter("body", "to", "city"),
        parameter("body", "to", "street"),
    ]
    given = {"id": 7, "q": "螺丝", "n": 3, "to.city": "上海", "to.street": "人民路", "else": 1}

    assert request_of("http://stock/items/{id}", parameters, given) == (
        "http://stock/items/7",
        {"q": "螺丝"},
        {"n": 3, "to": {"city": "上海", "street": "人民路"}},
    )


def test_an_argument_cannot_lead_to_another_address() -> None:
    url, _, _ = request_of("http://stock/items/{id}", [parameter("path", "id")], {"id": "../a?b#c"})

    assert url == "http://stock/items/..%2Fa%3Fb%23c"
