"""Says how a fetch or other work on files goes: bars on a terminal, else a line now and then."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """Hears of a fetch as it goes; this one says nothing. All methods may be called by any thread.

    Sizes are in bytes; an item is known by its name.
    """

    def expect(self, count: int, size: int) -> None:
        """So many items of so many bytes together are going to be fetched, besides earlier ones.

        0 bytes for items means that their size is not known.
        """

    def begin(self, item: str, size: int) -> None:
        """The first bytes of an item are here; of a small one this may never be said."""

    def update(self, item: str, done: int) -> None:
        """So much of a begun item is here."""

    def end(self, item: str, size: int) -> None:
        """The item is in the store."""


class Lines(Progress):
    """Writes a line of totals at most every few seconds, and one at the end."""

    def __init__(self, stream: TextIO, interval: float = 5.0, verb: str = "fetch") -> None:
        """``interval`` is in seconds; ``verb`` says what is done to files."""
        self._stream = stream
        self._verb = verb
        self._interval = interval
        self._lock = threading.Lock()
        self._said = time.monotonic()
        self._partial: dict[str, int] = {}
        self._count = self._counts = self._done = self._size = 0

    def expect(self, count: int, size: int) -> None:
        with self._lock:
            self._counts += count
            self._size += size
            if count:
                self._stream.write(
                    f"{self._verb}ing {count} files{f', {human(size)}' if size else ''}\n"
                )

    def update(self, item: str, done: int) -> None:
        with self._lock:
            self._partial[item] = done
            self._say()

    def end(self, item: str, size: int) -> None:
        with self._lock:
            self._partial.pop(item, None)
            self._count += 1
            self._done += size
            self._say(last=self._count == self._counts)

    def _say(self, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self._said < self._interval:
            return
        self._said = now
        done = self._done + sum(self._partial.values())
        self._stream.write(
            f"{self._verb}ed {self._count} of {self._counts} files,"
            f" {human(done)} of {human(self._size)}\n"
        )
        self._stream.flush()


class Bars(Progress):
    """Draws a bar for each item on its way, and one for all of them with rate and time left."""

    def __init__(self, bar: "Bar") -> None:
        self._bar = bar
        self._lock = threading.Lock()
        self._tasks: dict[str, tuple[TaskID, int]] = {}
        self._partial: dict[str, int] = {}
        self._done = self._size = 0
        self._total = bar.add_task("all", total=0)

    def expect(self, count: int, size: int) -> None:
        with self._lock:
            self._size += size
            self._bar.update(self._total, total=self._size or None)

    def begin(self, item: str, size: int) -> None:
        with self._lock:
            self._tasks[item] = (self._bar.add_task(item, total=size), size)

    def update(self, item: str, done: int) -> None:
        with self._lock:
            self._partial[item] = done
            task, size = self._tasks[item]
            # What has arrived waits for others of its group before it enters the store.
            self._bar.update(task, completed=done, visible=done < size)
            self._move()

    def end(self, item: str, size: int) -> None:
        with self._lock:
            self._partial.pop(item, None)
            self._done += size
            if item in self._tasks:
                self._bar.remove_task(self._tasks.pop(item)[0])
            self._move()

    def _move(self) -> None:
        self._bar.update(self._total, completed=self._done + sum(self._partial.values()))


@contextlib.contextmanager
def shown(stream: TextIO | None = None, verb: str = "fetch") -> Iterator[Progress]:
    """A progress for this stream, or for stderr: bars where it is a terminal, else lines.

    ``verb`` says in lines what is done to files.
    """
    # Not the default value, which would be what stderr was when this module was imported.
    stream = stream or sys.stderr
    if not stream.isatty():
        yield Lines(stream, verb=verb)
        return
    # Imported here because a build that fetches nothing should not wait for rich.
    from rich import progress as rich
    from rich.console import Console
    from rich.table import Column

    with rich.Progress(
        rich.TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=32)),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
        console=Console(file=stream),
    ) as bar:
        yield Bars(bar)


def human(size: int) -> str:
    """A size for people: ``191.8 MB`` (10^6 bytes)."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
