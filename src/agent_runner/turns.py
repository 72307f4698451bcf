"""Whose turn it is: some answers are written at a time, and the others wait in order."""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from agent_runner.errors import Problem

AT_ONCE = 8
"""Answers written at the same time."""
WAITING = 64
"""Visitors who wait beside them; who comes then is asked to come again."""
_LATEST = 16
"""Answers of which the time is kept, to tell how long the next ones take."""


class Turn:
    """A visitor's place, from the question to the end of the answer."""

    began = 0.0


class Turns:
    """All who have asked and have no whole answer yet. For one event loop; never waits itself."""

    def __init__(self) -> None:
        self._asked: list[Turn] = []
        self._seconds: deque[float] = deque(maxlen=_LATEST)

    @contextmanager
    def taken(self) -> Iterator[Turn]:
        """A turn behind all others, which is given back at the end of the block.

        Raises:
            Problem: If too many wait.
        """
        if len(self._asked) >= AT_ONCE + WAITING:
            raise Problem("busy")
        turn = Turn()
        self._asked.append(turn)
        try:
            yield turn
        finally:
            self._asked.remove(turn)
            if turn.began:
                self._seconds.append(time.monotonic() - turn.began)

    def place(self, turn: Turn) -> int:
        """How many turns have to end until it is this one's; 0 if it is."""
        place = max(0, self._asked.index(turn) + 1 - AT_ONCE)
        if not place and not turn.began:
            turn.began = time.monotonic()
        return place

    def seconds(self, place: int) -> int:
        """How long who has this place may have to wait, in steps of 5; 0 as long as none knows."""
        if not self._seconds:
            return 0
        one = sum(self._seconds) / len(self._seconds)
        return 5 * math.ceil(place * one / AT_ONCE / 5)
