"""What most tests of the package stand on: a store of their own, and a hub on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from airgap.models.hub import ENDPOINT, TOKEN
from airgap.store import Store
from tests.airgap.hub.server import HubServer, Model
from tests.airgap.hub.small_model import QWEN, small_model


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub to which the environment leads, with the model `QWEN`; what fails is asked once."""
    monkeypatch.setattr("modelscope_hub._legacy_api.REPO_TREE_PAGE_MAX_ATTEMPTS", 1)
    model = Model()
    model.commit({**small_model(), "pytorch_model.bin": b"PK"})
    with HubServer({QWEN: model}) as hub:
        monkeypatch.setenv(ENDPOINT, hub.endpoint)
        monkeypatch.delenv(TOKEN, raising=False)
        yield hub
