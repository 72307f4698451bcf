"""A wheel that stands in for files that a copy of the source lacks."""

from dataclasses import replace
from pathlib import Path

from airgap.locks.source import SourceLock
from airgap.store import Store
from tests.airgap.fetch.source.taken import WANTED, fetched, refused
from tests.airgap.small_wheels import add_wheel


def with_filler(store: Store, lock: SourceLock, files: dict[str, str]) -> SourceLock:
    return replace(lock, filler=add_wheel(store, "some-lib", "1.0", files))


def test_the_filler_stands_in_for_what_a_copy_lacks(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "lib/core.py").unlink()
    (copy / "LICENSE").unlink()
    files = {
        "lib/core.py": "VALUE = 1\n",
        "some_lib-1.0.dist-info/LICENSE": "as you like\n",
        "lib/newer.py": "the wheel's own, which the commit does not have",
    }
    assert fetched(store, with_filler(store, lock, files)) == WANTED


def test_a_filling_of_other_bytes_is_none(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/core.py").unlink()
    lock = with_filler(store, lock, {"lib/core.py": "VALUE = 2\n"})
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/core.py"
    assert error.found is not None and "some_lib-1.0-py3-none-any.whl" in error.found


def test_the_filler_never_replaces_a_wrong_file(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/core.py").write_text("VALUE = 2\n")
    lock = with_filler(store, lock, {"lib/core.py": "VALUE = 1\n"})
    assert refused(store, lock).subject == f"{copy}: lib/core.py"
