"""Waiting for what comes about some time after a command."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Looks again and again, and fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(2)
