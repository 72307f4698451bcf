"""Killing a program again and again, at moments given by how far it is and not by a clock."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable

Running = subprocess.Popen[str]


def lines_of(start: Callable[[], Running]) -> int:
    """How many lines a run says that is left alone; it must end well."""
    running = start()
    said, errors = running.communicate(timeout=120)
    assert running.returncode == 0, said + errors
    return len(said.splitlines())


def kill_after_lines(
    start: Callable[[], Running], lines: int, after: Callable[[], object], seed: int, runs: int = 8
) -> None:
    """Starts a program several times and kills it shortly after one of the lines that it says.

    Args:
        start: Starts it in a session of its own.
        lines: How many it says when it is left alone.
        after: What must be so after each kill.

    Raises:
        AssertionError: Not one of the runs was killed before its end.
    """
    moments = random.Random(seed)
    killed = 0
    for number in range(runs):
        running = start()
        assert running.stdout is not None
        for _ in range(moments.randrange(1, lines)):
            running.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        # Of the whole session, or of the program alone: then what it started goes on for a while.
        (os.killpg if number % 2 else os.kill)(running.pid, signal.SIGKILL)
        running.communicate(timeout=120)
        killed += running.returncode == -signal.SIGKILL
        after()
    assert killed
