from collections.abc import Iterator

import pytest

from airgap.fetch import partial, ranges
from airgap.fetch.remote import Remote
from airgap.models.hub import TOKEN, Hub
from airgap.store import Blob
from tests.airgap.fetch.ranges.offered import BLOCK, ID, Offer
from tests.airgap.hub.contents import Content
from tests.airgap.hub.server import HubServer, Model


@pytest.fixture(autouse=True)
def small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "BLOCK", BLOCK)
    monkeypatch.setattr(ranges, "_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer({ID: Model()}) as server:
        yield server


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
