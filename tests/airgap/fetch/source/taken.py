"""Fetching the source of tests/airgap/fetch/upstream.py, and what is wanted of it."""

import pytest

from airgap.errors import AirgapError, UnavailableError
from airgap.fetch.progress import Progress
from airgap.fetch.source import fetch_source, find_source
from airgap.locks.source import SourceLock
from airgap.store import Store
from tests.airgap.fetch.upstream import FILES

NOWHERE = "https://localhost:1/some/source"
VARIABLE = "AIRGAP_SOURCE_UPSTREAM"
WANTED = {
    path: data for path, data in FILES.items() if not path.startswith(("README", "apps/other"))
} | {"lib/run.sh": b"#!/bin/sh\n", "lib/latest": FILES["lib/core.py"]}


def fetched(store: Store, lock: SourceLock) -> dict[str, bytes]:
    fetch_source(store, lock, Progress())
    tree = find_source(store, lock)
    assert tree is not None
    return {path: store.path(entry.blob).read_bytes() for path, entry in tree.items()}


def refused(store: Store, lock: SourceLock) -> AirgapError:
    """The error that stops the source, after which nothing of it is taken to be there."""
    with pytest.raises(AirgapError) as caught:
        fetch_source(store, lock, Progress())
    assert not isinstance(caught.value, UnavailableError)
    assert find_source(store, lock) is None
    return caught.value
