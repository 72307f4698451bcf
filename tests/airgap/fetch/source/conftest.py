from pathlib import Path

import pytest

from airgap.locks.source import SourceLock
from tests.airgap.fetch.source.taken import NOWHERE, VARIABLE
from tests.airgap.fetch.upstream import git, make_lock, make_repository


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the user's own settings counts; returns where such settings would be."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "config" / "airgap" / "config.toml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


@pytest.fixture
def lock(repository: Path, tmp_path: Path) -> SourceLock:
    """The lock of the repository, which nobody reaches by git."""
    return make_lock(repository, tmp_path / "lock", NOWHERE)


@pytest.fixture
def copy(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the files of the commit, named by the environment."""
    folder = tmp_path / "copy"
    git(repository, "worktree", "add", "--quiet", "--detach", str(folder))
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder
