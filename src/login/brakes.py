"""Slow down who guesses passwords."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST = 10_000
"""Keys that are remembered; the ones that failed longest ago make room."""
_FORGET = 3600
"""Seconds without a failure after which a key is as new."""
_LONGEST = 60
"""Seconds that anybody has to wait at most, so that no account can be locked from outside."""
_FREE = {"both": 5, "address": 20, "name": 50}
"""Failures before the first wait: an office may share an address, guessers one account."""


@dataclass
class _Failures:
    count: int = 0
    last: float = 0.0
    until: float = 0.0


class Brakes:
    """Failures by account, by address and by both; each one more doubles the wait."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Seconds until the next try is looked at; 0 for at once."""
        found = (self._failures.get(key) for key in _keys(name, address))
        return max(0.0, *(each.until - self._now() for each in found if each), 0.0)

    def failed(self, name: str, address: str) -> None:
        """Count a wrong password."""
        now = self._now()
        for key in _keys(name, address):
            each = self._failures.pop(key, _Failures())
            if now - each.last > _FORGET:
                each = _Failures()
            each.count += 1
            each.last = now
            over = each.count - _FREE[key[0]]
            each.until = now + min(2.0 ** min(over, 10), _LONGEST) if over > 0 else now
            self._failures[key] = each
        while len(self._failures) > _MOST:
            self._failures.popitem(last=False)

    def passed(self, name: str, address: str) -> None:
        """Forget the failures of an account at an address, whose password was right now."""
        self._failures.pop(("both", name, address), None)


def _keys(name: str, address: str) -> tuple[tuple[str, ...], ...]:
    return ("both", name, address), ("address", address), ("name", name)
