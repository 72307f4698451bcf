"""A hub that lies about what it has, or changes it."""

from dataclasses import replace

import pytest

from airgap.errors import AirgapError
from airgap.fetch import missing, ranges
from airgap.store import Blob, Store
from tests.airgap.fetch.ranges.offered import (
    RANGE,
    SIZE,
    WEIGHTS,
    Offer,
    fetch,
    fetch_half,
    unfinished,
)
from tests.airgap.hub.contents import Seeded
from tests.airgap.hub.server import Fault, HubServer


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
