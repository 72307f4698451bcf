"""Whatever is not, byte for byte, what the lock says is told, and stops the source."""

from dataclasses import replace
from pathlib import Path

import pytest

from airgap.fetch.progress import Progress
from airgap.fetch.source import fetch_source
from airgap.locks.source import SourceLock
from airgap.store import Store
from tests.airgap.fetch.source.taken import WANTED, fetched, refused
from tests.airgap.fetch.upstream import git


def test_what_lies_beside_the_used_folders_does_not_matter(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "apps/other/app.py").write_text("changed")
    (copy / "notes").mkdir()
    (copy / "notes/__pycache__").write_text("")
    assert fetched(store, lock) == WANTED


def test_a_changed_file_is_told_with_both_ids(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/core.py").write_text("VALUE = 2\n")
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/core.py"
    assert error.expected is not None and lock.files["lib/core.py"].id in error.expected
    assert error.found is not None
    assert git(copy, "hash-object", "--no-filters", "lib/core.py") in error.found


def test_a_checkout_that_changed_line_ends_is_told_what_to_do(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "lib/core.py").write_bytes(b"VALUE = 1\r\n")
    error = refused(store, lock)
    assert error.remedy is not None and "core.autocrlf=false" in error.remedy


def test_attributes_and_settings_of_git_change_no_byte(
    store: Store, lock: SourceLock, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[core]\n autocrlf = true\n eol = crlf\n attributesFile = /dev/null\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (copy / ".gitattributes").write_text("* text=auto eol=crlf\n")
    assert fetched(store, lock) == WANTED


def test_a_lost_mode_is_told(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/run.sh").chmod(0o644)
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/run.sh"
    assert error.expected is not None and error.expected.endswith("mode 100755")
    assert error.found is not None and error.found.endswith("mode 100644")


def test_a_file_more_is_told(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/more.py").write_text("")
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/more.py"
    assert error.expected == f"no such file at commit {lock.commit}"


def test_byte_code_of_somebody_who_ran_it_is_told_as_such(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "lib/__pycache__").mkdir()
    (copy / "lib/__pycache__/core.cpython-311.pyc").write_bytes(b"x")
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/__pycache__/core.cpython-311.pyc"
    assert error.remedy is not None and "byte-code" in error.remedy


def test_a_missing_file_is_told_with_its_id(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/large.bin").unlink()
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/large.bin"
    assert error.expected == f"git blob id {lock.files['lib/large.bin'].id}"
    assert error.found == "no such file"


def test_a_tree_id_that_is_not_that_of_the_files_is_told(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    fetch_source(store, lock, Progress())
    changed = replace(lock, trees={**lock.trees, "lib": "0" * 40})
    error = refused(store, changed)
    assert error.subject == f"{copy}: lib"
    assert error.expected == f"git tree id {'0' * 40}"
    assert error.found is not None and lock.trees["lib"] in error.found
