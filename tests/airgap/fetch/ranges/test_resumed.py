"""What a fetch that failed has left, and disks that cannot take more."""

import errno
import os
import shutil
import time

import pytest

from airgap.errors import AirgapError
from airgap.fetch import missing
from airgap.store import Store
from tests.airgap.fetch.ranges.offered import (
    RANGE,
    SIZE,
    Offer,
    asked,
    fetch,
    fetch_half,
    unfinished,
)
from tests.airgap.hub.contents import Seeded
from tests.airgap.hub.server import HubServer


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
