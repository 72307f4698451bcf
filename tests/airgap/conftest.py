"""What most tests of the package stand on: a store of their own."""

from pathlib import Path

import pytest

from airgap.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")
