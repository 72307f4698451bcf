import inspect
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations.events import before_event
from agentfabric_offline.errors import UnexpectedShape


def save(name: str, files: list[str]) -> str:
    return f"{name}: {files}"


def page(*functions: Any) -> Any:
    """A page with an event for each function."""
    events = [SimpleNamespace(fn=function) for function in functions]
    return SimpleNamespace(page=SimpleNamespace(__name__="app", demo=SimpleNamespace(fns=events)))


def test_actions_see_and_change_what_an_event_gets() -> None:
    upstream = page(save, None)
    seen: list[dict[str, Any]] = []

    def first(arguments: dict[str, Any]) -> None:
        arguments["files"] = ["changed"]

    before_event(upstream, "save", "name", "files", action=seen.append)
    before_event(upstream, "save", "files", action=first)

    # As gradio calls it.
    assert upstream.page.demo.fns[0].fn("agent", ["a"]) == "agent: ['changed']"
    assert seen == [{"name": "agent", "files": ["changed"]}]


def test_what_an_action_raises_stops_the_event() -> None:
    def refuse(arguments: dict[str, Any]) -> None:
        raise ValueError("no")

    def never(name: str) -> None:
        raise AssertionError("the event happened")

    upstream = page(never)
    before_event(upstream, "never", "name", action=refuse)

    with pytest.raises(ValueError, match="no"):
        upstream.page.demo.fns[0].fn("agent")


def test_an_event_that_answers_in_steps_still_does() -> None:
    def count(upto: int) -> Iterator[int]:
        yield from range(upto)

    upstream = page(count)
    seen: list[dict[str, Any]] = []
    before_event(upstream, "count", "upto", action=seen.append)

    handler = upstream.page.demo.fns[0].fn
    assert inspect.isgeneratorfunction(handler), "gradio looks at that"
    assert list(handler(3)) == [0, 1, 2]
    assert seen == [{"upto": 3}]


@pytest.mark.parametrize(("functions", "parameter"), [((), "name"), ((save,), "another")])
def test_another_shape_of_upstream_stops_the_start(functions: Any, parameter: str) -> None:
    with pytest.raises(UnexpectedShape):
        before_event(page(*functions), "save", parameter, action=lambda arguments: None)
