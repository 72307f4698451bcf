"""What a program leaves running when it ends."""

import time
from pathlib import Path


def left_of(group: int) -> list[str]:
    """The commands of a process group that have not ended after half a minute."""
    deadline = time.monotonic() + 30
    while (found := _alive_in(group)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _alive_in(group: int) -> list[str]:
    """The commands of a process group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(") ")
        except OSError:
            continue
        state, _, number, *_ = rest.split()
        if int(number) == group and state != "Z":
            found.append(name)
    return found
