"""Whose event it is says the login, and nothing that a browser sends."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import users
from agentfabric_offline.adaptations.users import current_user, visited_by
from agentfabric_offline.errors import UnexpectedShape
from login import SESSION, USER

ANN = {USER: "ann", SESSION: "1" * 64}
BOB = {USER: "bob", SESSION: "2" * 64}


def upstream(which: str = "app", page: Any = None, **modules: Any) -> Any:
    named = {name.replace("__", "."): module for name, module in modules.items()}
    return SimpleNamespace(which=which, page=page, module=named.__getitem__)


def test_outside_of_events_there_is_nobody() -> None:
    with pytest.raises(LookupError):
        current_user()
    with visited_by(ANN):
        assert current_user() == "ann"
    with pytest.raises(LookupError):
        current_user()


def test_events_at_the_same_time_know_their_own_visitors() -> None:
    class Blocks:
        async def process_api(
            self,
            fn_index: int,
            inputs: Any,
            state: Any = None,
            request: Any = None,
            iterator: Any = None,
            session_hash: Any = None,
            event_id: Any = None,
            event_data: Any = None,
            in_event_listener: bool = True,
        ) -> tuple[str, str, Any]:
            before = current_user()
            await asyncio.sleep(0)
            return before, await asyncio.to_thread(current_user), session_hash

    users.know_the_visitor_in_events(upstream(gradio__blocks=SimpleNamespace(Blocks=Blocks)))

    async def both() -> list[Any]:
        requests = (SimpleNamespace(request=SimpleNamespace(scope=each)) for each in (ANN, BOB))
        events = (
            Blocks().process_api(fn_index=1, inputs=[], request=each, session_hash="s")
            for each in requests
        )
        return list(await asyncio.gather(*events))

    assert asyncio.run(both()) == [("ann", "ann", "s"), ("bob", "bob", "s")]


class Queue:
    def __init__(self) -> None:
        request = SimpleNamespace(scope=ANN)
        event = SimpleNamespace(request=request, session_hash="ann.1.abc", fn_index=3)
        self.awaiting_data_events = {"event": event}
        self.attached: list[Any] = []

    def attach_data(self, body: Any) -> None:
        self.attached.append(body)


def body(event_id: str = "event") -> Any:
    return SimpleNamespace(event_id=event_id, session_hash="bob", fn_index=7, batched=True)


@pytest.fixture
def queue() -> Queue:
    class Changed(Queue):
        pass

    served = upstream(gradio__queueing=SimpleNamespace(Queue=Changed))
    users.take_data_for_own_events_alone(served)
    return Changed()


def test_data_goes_to_the_event_as_it_began(queue: Queue) -> None:
    with visited_by(ANN):
        queue.attach_data(body())
    (taken,) = queue.attached
    assert (taken.session_hash, taken.fn_index, taken.batched) == ("ann.1.abc", 3, False)


@pytest.mark.parametrize("scope", [BOB, {**ANN, SESSION: "2" * 64}])
def test_nobody_else_gives_an_event_its_data(queue: Queue, scope: dict[str, str]) -> None:
    for event_id in ("event", "none"):
        with visited_by(scope), pytest.raises(ValueError, match="not found"):
            queue.attach_data(body(event_id))
    assert queue.attached == []


def test_the_account_names_the_folder_of_the_agents() -> None:
    class Textbox:
        def preprocess(self, payload: str) -> str:
            return payload

    field = Textbox()
    users.take_the_name_from_the_login(upstream(page=SimpleNamespace(uuid_str=field)))
    with visited_by(ANN):
        assert field.preprocess("bob") == "ann"
        assert field.preprocess("../..") == "ann"


def test_a_page_without_that_field_stops_the_start() -> None:
    for which in ("app", "bot"):
        with pytest.raises(UnexpectedShape, match="uuid_str"):
            users.take_the_name_from_the_login(upstream(which, page=SimpleNamespace()))
