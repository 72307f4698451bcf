"""What goes to the model fits its context, and what matters most stays longest."""

from collections.abc import Sequence

import pytest

from agent_runner.budget import Message, answer_room, fit
from agent_runner.errors import Problem
from agent_runner.index import Passage

QUESTION = 100


def measure(history: Sequence[Message], passages: Sequence[Passage]) -> int:
    """A prompt of one token a character, beside a question and instructions of 100 tokens."""
    texts = [message["content"] for message in history] + [passage.text for passage in passages]
    return QUESTION + sum(map(len, texts))


def chat(*lengths: int) -> list[Message]:
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": "x" * size} for n, size in enumerate(lengths)]


def test_all_of_it_where_it_fits() -> None:
    history, passages = chat(10, 10), [Passage("a", "x" * 50), Passage("b", "x" * 20)]
    prompt = fit(history, passages, measure, 240)
    assert (prompt.history, prompt.passages, prompt.forgotten) == (history, passages, 0)


def test_the_least_relevant_knowledge_goes_first() -> None:
    passages = [Passage("a", "a" * 60), Passage("b", "b" * 60), Passage("c", "c" * 60)]
    prompt = fit([], passages, measure, 300)
    assert prompt.passages == [Passage("a", "a" * 60), Passage("b", "b" * 40)]
    assert measure([], prompt.passages) == 200, "knowledge takes at most half of the room"


def test_the_oldest_turns_go_first() -> None:
    history = chat(50, 50, 40, 40, 30, 30)
    prompt = fit(history, [], measure, 270)
    assert prompt.history == history[2:]
    assert prompt.forgotten == 2


def test_room_that_knowledge_leaves_is_for_the_history() -> None:
    history = chat(80, 80)
    prompt = fit(history, [Passage("a", "x" * 40)], measure, 300)
    assert prompt.history == history


def test_knowledge_outlives_history() -> None:
    prompt = fit(chat(300, 300), [Passage("a", "x" * 400)], measure, 300)
    assert prompt.history == []
    assert prompt.forgotten == 2
    assert prompt.passages == [Passage("a", "x" * 100)]


@pytest.mark.parametrize("limit", range(100, 420, 7))
def test_never_more_than_the_limit(limit: int) -> None:
    history, passages = chat(3, 60, 41, 7, 90, 1), [Passage("a", "x" * 77), Passage("b", "x" * 90)]
    prompt = fit(history, passages, measure, limit)
    assert measure(prompt.history, prompt.passages) <= limit
    assert prompt.history == history[prompt.forgotten :]
    if prompt.forgotten:
        more = history[prompt.forgotten - 2 :]
        assert measure(more, prompt.passages) > limit, "no turn is left out without need"
    assert prompt.forgotten % 2 == 0, "half a turn is no history"


def test_what_fits_is_measured_three_times() -> None:
    calls = []

    def counted(history: Sequence[Message], passages: Sequence[Passage]) -> int:
        calls.append(len(history))
        return measure(history, passages)

    fit(chat(*[1] * 40), [Passage("a", "x")], counted, 300)
    assert calls == [0, 0, 40]


def test_a_question_that_is_too_long_is_told() -> None:
    with pytest.raises(Problem, match="takes 100 tokens, and 99 fit"):
        fit(chat(1, 1), [], measure, 99)


@pytest.mark.parametrize(("context", "room"), [(512, 128), (2048, 512), (8192, 1024)])
def test_room_for_the_answer(context: int, room: int) -> None:
    assert answer_room(context) == room
