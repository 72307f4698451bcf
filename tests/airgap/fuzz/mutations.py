"""What becomes of a valid file on the way or in hostile hands, and what a reader may make of it."""

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from airgap.errors import AirgapError
from tests.airgap.transport.effort import asked_for, examples

Read = TypeVar("Read")

ODD = (
    b"\0",
    b"\r\n",
    b"\n\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"-1",
    b"0",
    b"1" * 25,
    b"9" * 5000,
    b"1e999",
    b"NaN",
    b"1_0",
    "\u0663\u2028\x85".encode(),
    b"../",
    b"/etc/passwd",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"null",
    b'"',
    b"'",
    b"\\",
    b"=",
    b" " * 70,
    b"a" * 300,
)
"""What readers stumble over: of numbers, text, paths, nesting and quotes."""


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The same file after one to three changes to its bytes or lines."""
    for _ in range(draw(st.integers(1, 3))):
        data = draw(st.sampled_from([_bytes_changed, _lines_changed]))(draw, data)
    return data


def damaged_text(text: str) -> st.SearchStrategy[str]:
    """The same for what is read as text: bytes that are none are made visible."""
    return damaged(text.encode()).map(lambda data: data.decode(errors="replace"))


def any_or_damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """Sometimes any bytes at all, mostly a valid file that was changed."""
    return st.one_of(st.binary(max_size=300), damaged(data), damaged(data), damaged(data))


def _bytes_changed(draw: st.DrawFn, data: bytes) -> bytes:
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 600)))
    other = draw(st.integers(0, len(data)))
    piece = data[start:end]
    return draw(
        st.sampled_from(
            [
                data[:start]
                + bytes(byte ^ 1 << start % 8 for byte in piece[:1])
                + data[start + 1 :],
                data[:start],
                data[start:],
                data[:start] + data[end:],
                data[:end] + piece + data[end:],
                data[:other] + piece + data[other:],
                data[:start] + b"\xff" * len(piece[:8]) + data[start + len(piece[:8]) :],
                data[:start] + bytes(len(piece)) + data[end:],
                data[:start] + draw(st.sampled_from(ODD)) + data[start:],
                data[:start] + draw(st.sampled_from(ODD)) + data[end:],
                data[:start] + draw(st.binary(max_size=20)) + data[end:],
            ]
        )
    )


def _lines_changed(draw: st.DrawFn, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, two = (draw(st.integers(0, len(lines) - 1)) for _ in "12")
    kind = draw(st.integers(0, 5))
    if kind == 0:
        lines[one], lines[two] = lines[two], lines[one]
    elif kind == 1:
        lines.insert(two, lines[one])
    elif kind == 2:
        del lines[one]
    elif kind == 3:
        lines[one] += draw(st.sampled_from(ODD))
    elif kind == 4:
        words = lines[one].split(b" ")
        words[two % len(words)] = draw(st.sampled_from(ODD))
        lines[one] = b" ".join(words)
    else:
        return data.replace(b"\n", b"\r\n")
    return b"\n".join(lines)


def tries(usual: int) -> settings:
    """Hypothesis' settings: the same files each time, others where somebody asks for more."""
    return settings(
        max_examples=examples(usual),
        deadline=None,
        derandomize=not asked_for(),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def read_or_refused(read: Callable[[], Read]) -> Read | None:
    """What a reader makes of it, or nothing where it refuses it in words for the user.

    One that computes for five seconds counts as one that hangs. What else the machine does, does
    not count.
    """
    began = time.process_time()
    try:
        return read()
    except AirgapError as error:
        assert error.doing and error.subject
        assert error.found or error.expected
        assert len(str(error).encode(errors="backslashreplace")) < 100_000
        return None
    finally:
        assert time.process_time() - began < 5


@contextmanager
def little_memory(mebibytes: int = 64) -> Iterator[None]:
    """What is done within takes at most so much memory at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mebibytes << 20
    finally:
        tracemalloc.stop()
