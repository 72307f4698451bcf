"""Files on a hub, fetching them, and what was asked for."""

import threading
from collections.abc import Callable

import pytest

from airgap.errors import UnavailableError
from airgap.fetch.progress import Progress
from airgap.fetch.ranges import fetch_ranges
from airgap.fetch.remote import Remote
from airgap.store import Store
from tests.airgap.hub.server import Fault, HubServer

ID = "qwen/Qwen1.5-7B-Chat"
WEIGHTS = "model.safetensors"

BLOCK = 1 << 16
RANGE = 8 * BLOCK
"""Bytes, for most tests: with files of some megabytes in place of gigabytes."""

SIZE = 5 * RANGE + 12_345

Offer = Callable[..., list[Remote]]


def fetch(store: Store, files: list[Remote]) -> None:
    fetch_ranges(store, files, Progress())


class Awaited(Progress):
    """Tells when so many bytes of a file are here."""

    def __init__(self, size: int) -> None:
        self.reached = threading.Event()
        self._size = size

    def update(self, item: str, done: int) -> None:
        if done >= self._size:
            self.reached.set()


def fetch_half(server: HubServer, store: Store, files: list[Remote]) -> None:
    """Fetch about half of the weights, until the hub is out of order."""
    # The first halves of five ranges. What else is asked for meanwhile has to wait for them.
    half = Awaited(5 * RANGE // 2)
    server.faults += [
        Fault(WEIGHTS, times=6, cut=RANGE // 2),
        Fault(WEIGHTS, times=99, status=503, after=half.reached),
    ]
    with pytest.raises(UnavailableError):
        fetch_ranges(store, files, half)
    server.faults.clear()
    server.seen.clear()


def unfinished(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "unfinished").iterdir())


def asked(server: HubServer) -> list[tuple[int, int]]:
    """The ranges of large files that were asked for: first byte, last byte."""
    found = [seen.range.removeprefix("bytes=") for seen in server.seen if seen.range]
    pairs = [one.split("-") for one in found]
    large = [seen.other_host for seen in server.seen if seen.range]
    return [(int(a), int(b)) for (a, b), is_large in zip(pairs, large, strict=True) if is_large]
