"""Large files from a hub that cuts, stalls, lies and changes what it has."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from airgap.errors import AirgapError, UnavailableError
from airgap.fetch import client, missing, partial, ranges
from airgap.fetch.progress import Progress
from airgap.fetch.ranges import fetch_ranges
from airgap.fetch.remote import Remote
from airgap.models.hub import TOKEN, Hub
from airgap.store import Blob, Store
from tests.airgap.hub.contents import Content, Seeded
from tests.airgap.hub.server import Fault, HubServer, Model

ID = "qwen/Qwen1.5-7B-Chat"
WEIGHTS = "model.safetensors"

BLOCK = 1 << 16
RANGE = 8 * BLOCK
"""Bytes, for most tests: with files of some megabytes in place of gigabytes."""

SIZE = 5 * RANGE + 12_345


@pytest.fixture(autouse=True)
def small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "BLOCK", BLOCK)
    monkeypatch.setattr(ranges, "_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer({ID: Model()}) as server:
        yield server


Offer = Callable[..., list[Remote]]


@pytest.fixture
def offer(server: HubServer) -> Offer:
    """Put files on the hub; returns them as a lock would name them."""

    def offer(**files: Content | bytes) -> list[Remote]:
        paths = {name.replace("_", "."): content for name, content in files.items()}
        commit = server.models[ID].commit(paths)
        hub = Hub({"MODELSCOPE_ENDPOINT": server.endpoint, TOKEN: "ms-secret"})
        contents = server.models[ID].commits[commit]
        return [
            Remote(
                path,
                Blob(contents[path][0].sha256, contents[path][0].size),
                *hub.request(ID, commit, path),
            )
            for path in paths
        ]

    return offer


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


def test_files_of_any_size_arrive_and_are_not_asked_for_again(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(config_json=b"{}", empty_txt=b"", model_safetensors=Seeded(SIZE))
    fetch(store, files)
    assert missing(store, files) == []
    assert unfinished(store) == []
    server.seen.clear()
    fetch(store, files)
    assert server.seen == []


def test_a_large_file_is_asked_for_in_ranges_that_touch_each_byte_once(
    server: HubServer, store: Store, offer: Offer
) -> None:
    fetch(store, offer(model_safetensors=Seeded(SIZE)))
    starts = [*range(0, SIZE, RANGE)]
    assert sorted(asked(server)) == [(start, min(start + RANGE, SIZE) - 1) for start in starts]


def test_one_content_under_two_names_is_fetched_once(
    server: HubServer, store: Store, offer: Offer
) -> None:
    fetch(store, offer(a_json=b"{}", b_json=b"{}"))
    assert len(server.seen) == 1


def test_the_token_goes_to_the_hub_and_to_no_host_it_sends_on_to(
    server: HubServer, store: Store, offer: Offer
) -> None:
    server.models[ID].token = "ms-secret"
    fetch(store, offer(config_json=b"{}", model_safetensors=Seeded(SIZE)))
    tokens = {(seen.other_host, seen.token) for seen in server.seen}
    assert tokens == {(False, "ms-secret"), (True, None)}


def test_a_cut_connection_goes_on_where_it_was_cut(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    server.faults.append(Fault(WEIGHTS, times=20, cut=200_001))
    fetch(store, files)
    assert missing(store, files) == []
    # What a cut answer brought is not asked for again.
    assert sum(min(last - first + 1, 200_001) for first, last in asked(server)) <= SIZE + 200_001


def test_a_stalled_connection_is_given_up_and_does_not_hold_the_others(
    server: HubServer, store: Store, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other connections may be silent as long, where the machine is busy, and are asked again.
    monkeypatch.setattr(client, "_STALL", 2)
    files = offer(model_safetensors=Seeded(SIZE))
    server.faults.append(Fault(WEIGHTS, cut=100_000, stall=60))
    fetch(store, files)
    assert missing(store, files) == []
    starts = [first for first, _ in asked(server)]
    (again,) = (first for first in starts if first % RANGE == 100_000)
    assert set(starts[: starts.index(again)]) >= {*range(0, SIZE, RANGE)}


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_hub_that_is_busy_for_a_while_is_asked_again(
    server: HubServer, store: Store, offer: Offer, status: int
) -> None:
    files = offer(config_json=b"{}", model_safetensors=Seeded(SIZE))
    server.faults += [Fault(WEIGHTS, times=3, status=status), Fault("config.json", status=status)]
    fetch(store, files)
    assert missing(store, files) == []


def test_a_hub_that_stays_out_of_order_is_told_after_some_tries(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(config_json=b"{}")
    server.faults.append(Fault("config.json", times=99, status=503))
    with pytest.raises(UnavailableError) as raised:
        fetch(store, files)
    assert "503" in str(raised.value.found)
    assert unfinished(store) == []
    assert "6 tries" in str(raised.value.found)
    assert "MODELSCOPE_ENDPOINT" in str(raised.value.remedy)
    assert len(server.seen) == 6


def test_no_network_is_told_after_some_tries(store: Store) -> None:
    file = Remote("m/config.json", Blob("a" * 64, 2), "http://127.0.0.1:9/config.json")
    with pytest.raises(UnavailableError) as raised:
        fetch(store, [file])
    assert "Connection refused (6 tries)" in str(raised.value.found)
    # Said once, by `expected`.
    assert "config.json" not in str(raised.value.found)


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        # As where the hub is asked for the list of files.
        (401, UnavailableError, TOKEN),
        (403, UnavailableError, "ask for access"),
        (407, UnavailableError, "name a mirror"),
        (404, AirgapError, "make the lock anew"),
    ],
)
def test_a_refusal_is_told_at_once_with_what_to_do(
    server: HubServer,
    store: Store,
    offer: Offer,
    status: int,
    kind: type[AirgapError],
    remedy: str,
) -> None:
    files = offer(config_json=b"{}")
    server.faults.append(Fault("config.json", times=99, status=status))
    with pytest.raises(AirgapError) as raised:
        fetch(store, files)
    assert raised.type is kind
    assert f"{status} " in str(raised.value.found)
    assert files[0].address in str(raised.value.expected)
    assert remedy in str(raised.value.remedy)
    assert "ms-secret" not in str(raised.value)
    assert len(server.seen) == 1


@pytest.mark.parametrize("longer", [10, -10])
@pytest.mark.parametrize("path", ["config.json", WEIGHTS])
def test_another_size_than_the_lock_s_is_told_before_anything_is_read(
    server: HubServer, store: Store, offer: Offer, path: str, longer: int
) -> None:
    files = offer(config_json=b"{" + b" " * 30 + b"}", model_safetensors=Seeded(SIZE))
    server.faults.append(Fault(path, times=99, longer=longer))
    with pytest.raises(AirgapError) as raised:
        fetch(store, files)
    locked = next(file.blob.size for file in files if file.name == path)
    assert raised.value.subject == path
    assert raised.value.expected == f"{locked} bytes, as locked"
    assert raised.value.found == f"{locked + longer} bytes"


def test_content_that_changes_between_two_requests_is_told(
    server: HubServer, store: Store, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    monkeypatch.setattr(ranges, "_CONNECTIONS", 1)
    other = Seeded(SIZE, seed=2)
    server.faults += [Fault(WEIGHTS, cut=RANGE // 2), Fault(WEIGHTS, instead=other)]
    with pytest.raises(AirgapError) as raised:
        fetch(store, files)
    assert "its content changed meanwhile" in str(raised.value.found)
    assert other.sha256[:32] in str(raised.value.found)
    assert missing(store, files) == files
    assert unfinished(store) == []
    fetch(store, files)
    assert missing(store, files) == []


def test_content_that_changed_since_the_last_run_is_told(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    fetch_half(server, store, files)
    server.faults.append(Fault(WEIGHTS, times=99, instead=Seeded(SIZE, seed=2)))
    with pytest.raises(AirgapError, match="nothing of it was kept"):
        fetch(store, files)
    assert missing(store, files) == files


def test_copies_of_one_file_that_are_named_differently_make_one_file(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    server.faults.append(Fault(WEIGHTS, times=3, tag="replica-2"))
    fetch(store, files)
    assert missing(store, files) == []


def test_content_that_is_not_the_lock_s_never_becomes_a_blob(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    other = Seeded(SIZE, seed=2)
    server.faults.append(Fault(WEIGHTS, times=99, instead=other))
    with pytest.raises(AirgapError) as raised:
        fetch(store, files)
    assert files[0].blob.sha256 in str(raised.value.expected)
    assert other.sha256 in str(raised.value.found)
    assert missing(store, files) == files
    assert unfinished(store) == []


def test_a_hub_that_says_it_has_another_hash_is_believed_before_a_byte_is_read(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    locked = replace(files[0], blob=Blob("a" * 64, SIZE))
    with pytest.raises(AirgapError) as raised:
        fetch(store, [locked])
    assert files[0].blob.sha256 in str(raised.value.found)
    assert "a" * 64 in str(raised.value.expected)


def test_a_server_without_ranges_sends_the_file_once(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    server.faults.append(Fault(WEIGHTS, times=99, whole=True))
    assert sum(count_written(store, files)) == SIZE


def test_what_was_there_is_not_written_again_by_a_server_without_ranges(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    fetch_half(server, store, files)
    server.faults.append(Fault(WEIGHTS, times=99, whole=True))
    assert 0 < sum(count_written(store, files)) < SIZE * 2 / 3


def count_written(store: Store, files: list[Remote]) -> list[int]:
    """Fetch, and tell how many bytes each write put into a file."""
    written = []
    write = partial.Partial.write

    def count(self: partial.Partial, position: int, data: bytes) -> int:
        written.append(write(self, position, data))
        return written[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(partial.Partial, "write", count)
        fetch(store, files)
    assert missing(store, files) == []
    return written


def test_a_failed_fetch_is_gone_on_with(server: HubServer, store: Store, offer: Offer) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    fetch_half(server, store, files)
    fetch(store, files)
    assert missing(store, files) == []
    assert sum(last - first + 1 for first, last in asked(server)) < SIZE * 2 / 3


def test_pieces_that_the_disk_lost_are_found_out(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    fetch_half(server, store, files)
    with open(store.root / "unfinished" / files[0].blob.sha256, "r+b") as file:
        file.write(bytes(1000))
    with pytest.raises(AirgapError, match="run the same command again"):
        fetch(store, files)
    fetch(store, files)
    assert missing(store, files) == []


def test_notes_without_their_pieces_count_for_nothing(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    fetch_half(server, store, files)
    (store.root / "unfinished" / files[0].blob.sha256).unlink()
    fetch(store, files)
    assert missing(store, files) == []


def test_pieces_that_nobody_went_on_with_for_a_month_are_removed(
    server: HubServer, store: Store, offer: Offer
) -> None:
    fetch_half(server, store, offer(model_safetensors=Seeded(SIZE)))
    old = time.time() - 31 * 24 * 3600
    for name in unfinished(store):
        os.utime(store.root / "unfinished" / name, (old, old))
    fetch(store, offer(config_json=b"{}"))
    assert unfinished(store) == []


def test_a_disk_that_cannot_hold_the_files_is_told_before_anything_is_fetched(
    server: HubServer, store: Store, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(store.root)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(AirgapError, match="free disk space"):
        fetch(store, offer(model_safetensors=Seeded(SIZE)))
    assert server.seen == []


def test_a_disk_that_gets_full_is_told_and_the_fetch_gone_on_with(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(model_safetensors=Seeded(SIZE))
    write = os.pwrite

    def full(file: int, data: bytes, position: int) -> int:
        if position > 2 * RANGE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data, position)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(AirgapError, match="free some disk space"):
            fetch(store, files)
    fetch(store, files)
    assert missing(store, files) == []
