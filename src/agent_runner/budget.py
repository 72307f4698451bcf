"""Cut history and knowledge to what the model's context leaves."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent_runner.errors import Problem
from agent_runner.index import Passage

Message = dict[str, str]


def answer_room(context: int) -> int:
    """Tokens kept free for the answer in a context of so many: a quarter, at most 1024."""
    return min(1024, context // 4)


@dataclass(frozen=True)
class Prompt:
    """What of a chat goes to the model.

    Attributes:
        history: The newest part of the chat, oldest message first.
        passages: The knowledge, most relevant first; the last one may be cut short.
        forgotten: How many messages of the chat were left out.
    """

    history: list[Message]
    passages: list[Passage]
    forgotten: int


def fit(
    history: Sequence[Message],
    passages: Sequence[Passage],
    measure: Callable[[Sequence[Message], Sequence[Passage]], int],
    limit: int,
) -> Prompt:
    """Choose the part of ``history`` and ``passages`` that fits into ``limit`` tokens.

    The question decides about the knowledge, so that comes first, with up to half of the room; the
    chat gets the rest and loses its oldest turns. ``measure`` tells the tokens of the whole prompt
    for a history and passages; it is called three times where everything fits, else some 20 times.

    Raises:
        Problem: If the question and the instructions alone do not fit.
    """
    bare = measure([], [])
    if bare > limit:
        raise Problem("long", needed=bare, limit=limit)
    share = bare + (limit - bare) // 2
    kept = list(passages)
    if measure([], kept) > share:
        size = sum(len(passage.text) for passage in passages)
        over = bisect_left(
            range(size), True, key=lambda n: measure([], _first(passages, n + 1)) > share
        )
        kept = _first(passages, over)
    dropped = 0
    if measure(history, kept) > limit:
        turns = range(1, len(history) // 2)
        fits = bisect_left(
            turns, True, key=lambda turn: measure(history[2 * turn :], kept) <= limit
        )
        dropped = 2 * (1 + fits)
    return Prompt(list(history[dropped:]), kept, dropped)


def _first(passages: Sequence[Passage], characters: int) -> list[Passage]:
    """The first ``characters`` of all passages together."""
    kept = []
    for passage in passages:
        if characters <= 0:
            break
        kept.append(replace(passage, text=passage.text[:characters]))
        characters -= len(passage.text)
    return kept
