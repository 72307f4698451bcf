"""Who asks gets a place, answers come in its order, and nobody waits behind too many."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from agent_runner.errors import Problem
from agent_runner.turns import AT_ONCE, WAITING, Turns


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_some_answers_are_written_at_once_and_the_others_wait_in_order(stack: ExitStack) -> None:
    queue = Turns()
    first = queue.taken()
    asked = [first.__enter__(), *(stack.enter_context(queue.taken()) for _ in range(AT_ONCE + 1))]
    assert [queue.place(turn) for turn in asked] == [*[0] * AT_ONCE, 1, 2]
    first.__exit__(None, None, None)
    assert [queue.place(turn) for turn in asked[-2:]] == [0, 1]


def test_who_leaves_the_queue_leaves_no_gap(stack: ExitStack) -> None:
    queue = Turns()
    for _ in range(AT_ONCE):
        stack.enter_context(queue.taken())
    with queue.taken():
        last = stack.enter_context(queue.taken())
        assert queue.place(last) == 2
    assert queue.place(last) == 1


def test_who_comes_when_too_many_wait_is_told_and_may_come_again(stack: ExitStack) -> None:
    queue = Turns()
    for _ in range(AT_ONCE + WAITING - 1):
        stack.enter_context(queue.taken())
    with queue.taken(), pytest.raises(Problem, match="Ask again in a minute"), queue.taken():
        pass
    with queue.taken() as turn:
        assert queue.place(turn) == WAITING


def test_the_time_to_wait_is_that_of_the_latest_answers(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("agent_runner.turns.time.monotonic", lambda: now)
    queue = Turns()
    assert queue.seconds(1) == 0
    with queue.taken() as turn:
        assert queue.place(turn) == 0
        now += 40
    # Who left before it was their turn says nothing about the time that an answer takes.
    with queue.taken():
        now += 1000
    assert queue.seconds(1) == 5
    assert queue.seconds(AT_ONCE) == 40
    assert queue.seconds(AT_ONCE + 1) == 45
