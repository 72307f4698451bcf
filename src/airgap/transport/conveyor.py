"""Carries bytes through several threads at once, with the memory of a few chunks."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

CHUNK = 1 << 20
_CHUNKS = 8

Taker = Callable[[memoryview], object]


class Conveyor:
    """Hands each chunk to every taker, each of which has a thread and sees all chunks in order.

    hashlib and the disk work without Python's lock, so that takers really run side by side. Memory
    is 8 MiB in all; who fills waits for the slowest taker.
    """

    def __init__(self, takers: int) -> None:
        self._threads = [ThreadPoolExecutor(1) for _ in range(takers)]
        self._free = [bytearray(CHUNK) for _ in range(_CHUNKS)]
        self._busy: deque[tuple[bytearray, list[Future[object]]]] = deque()
        self._takers: tuple[Taker, ...] = ()
        self._chunk = self._free.pop()
        self._filled = 0

    def __enter__(self) -> "Conveyor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for thread in self._threads:
            thread.shutdown(cancel_futures=True)

    @contextlib.contextmanager
    def to(self, *takers: Taker) -> Iterator[None]:
        """Send what is filled in this block to these; all of it is taken when the block ends.

        Raises:
            Exception: What a taker raised, here or in any other method.
        """
        self._filled = 0
        self._takers = takers
        try:
            yield
            self._send()
            while self._busy:
                self._take_back()
        finally:
            # After an error the takers must not be at work on what the caller closes.
            while self._busy:
                with contextlib.suppress(Exception):
                    self._take_back()

    def room(self) -> memoryview:
        """Memory to be filled from its beginning; never empty."""
        if self._filled == CHUNK:
            self._send()
        return memoryview(self._chunk)[self._filled :]

    def filled(self, count: int) -> None:
        """So many bytes of the last `room` were filled."""
        self._filled += count

    def put(self, data: bytes) -> None:
        """Send bytes that are in memory already."""
        view = memoryview(data)
        while view:
            room = self.room()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            self.filled(count)
            view = view[count:]

    def _send(self) -> None:
        view = memoryview(self._chunk)[: self._filled]
        pairs = zip(self._threads, self._takers, strict=False)
        self._busy.append((self._chunk, [thread.submit(take, view) for thread, take in pairs]))
        while not self._free:
            self._take_back()
        self._chunk = self._free.pop()
        self._filled = 0

    def _take_back(self) -> None:
        chunk, futures = self._busy.popleft()
        self._free.append(chunk)
        for future in futures:
            future.result()
