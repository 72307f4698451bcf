from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from pants.engine.addresses import Address
from pants.engine.fs import DigestContents, FileContent

from pants_airgap import new_locks

MODEL = Address("models/qwen")
LOCK = "models/qwen/model.lock"


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_locks, "_waiting", {})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models" / "qwen").mkdir(parents=True)
    return tmp_path


def note(path: str, content: bytes = b"{}") -> None:
    new_locks.note(DigestContents([FileContent(path, content)]), MODEL)


def call(root: Path, finished: bool) -> None:
    new_locks.WriteLocks(str(root))(
        finished=finished, started_workunits=(), completed_workunits=(), context=None
    )


def test_a_lock_is_written_when_the_run_is_over_and_not_before(root: Path) -> None:
    note(LOCK)
    call(root, finished=False)
    assert os.listdir(root / "models" / "qwen") == []
    call(root, finished=True)
    assert (root / LOCK).read_bytes() == b"{}"
    assert os.listdir(root / "models" / "qwen") == ["model.lock"]
    assert (root / LOCK).stat().st_mode & 0o777 == (root / "models").stat().st_mode & 0o666


def test_a_lock_that_cannot_be_written_leaves_nothing_beside_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    note(LOCK)
    with pytest.raises(OSError, match="No space left"):
        call(root, finished=True)
    assert os.listdir(root / "models" / "qwen") == []


def test_a_lock_that_exists_is_never_changed(root: Path) -> None:
    note(LOCK)
    (root / LOCK).write_text("mine")
    call(root, finished=True)
    assert (root / LOCK).read_text() == "mine"


def test_the_lock_of_a_folder_that_stands_in_is_not_written(root: Path) -> None:
    note("replaced/qwen.lock")
    call(root, finished=True)
    assert not (root / "replaced").exists()


def test_the_next_run_writes_nothing_again(root: Path) -> None:
    note(LOCK)
    call(root, finished=True)
    (root / LOCK).unlink()
    call(root, finished=True)
    assert not (root / LOCK).exists()


def test_it_is_said_once_and_names_the_file(caplog: pytest.LogCaptureFixture) -> None:
    note(LOCK)
    note(LOCK)
    (said,) = caplog.messages
    assert said.startswith("models/qwen:qwen needs a lock") and f"made {LOCK}" in said
