"""Processes that a program meets, and what it leaves running when it ends."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def turn_of(process: int) -> str:
    """What a process is called in the names of the files by which runs see each other."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()[19]
    return f"{process}.{ticks}"


@contextmanager
def left_running(
    *command: str | Path, folder: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process as somebody else's or an earlier run's; it gets no input, and ends with the block.

    Args:
        folder: Where it runs.
    """
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


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
