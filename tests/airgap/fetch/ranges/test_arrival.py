"""Files arrive, each byte once, however connections fare."""

import pytest

from airgap.fetch import client, missing, partial
from airgap.fetch.remote import Remote
from airgap.store import Store
from tests.airgap.fetch.ranges.offered import (
    ID,
    RANGE,
    SIZE,
    WEIGHTS,
    Offer,
    asked,
    fetch,
    fetch_half,
    unfinished,
)
from tests.airgap.hub.contents import Seeded
from tests.airgap.hub.server import Fault, HubServer


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
