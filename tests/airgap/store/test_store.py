import errno
import hashlib
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.store import BLOB_MTIME, Blob, BlobWriter, Recipe, Store
from tests.airgap.blobs import put

HELLO = Blob(hashlib.sha256(b"hello").hexdigest(), 5)


def test_a_blob_is_named_by_its_content_and_cannot_be_written(store: Store) -> None:
    assert put(store, b"hello") == HELLO
    stat = store.path(HELLO).stat()
    assert store.has(HELLO)
    assert (stat.st_mode & 0o777, stat.st_mtime) == (0o444, BLOB_MTIME)


def test_wrong_bytes_leave_nothing_and_say_both_hashes(store: Store) -> None:
    with (
        pytest.raises(AirgapError) as caught,
        store.writer(HELLO, doing="fetching", subject="hello.txt") as out,
    ):
        out.write(b"hellO")
    assert HELLO.sha256 in str(caught.value)
    assert hashlib.sha256(b"hellO").hexdigest() in str(caught.value)
    assert not list(store.root.glob("blobs/sha256/*"))
    assert not list(store.root.glob("tmp/*"))


def test_a_damaged_blob_is_noticed_and_removed(store: Store) -> None:
    blob = put(store, b"hello")
    path = store.path(blob)
    path.chmod(0o644)
    path.write_bytes(b"hellO")
    assert not store.has(blob)
    assert not path.exists()


def test_a_touched_blob_is_read_again_and_kept(store: Store) -> None:
    blob = put(store, b"hello")
    os.utime(store.path(blob))
    assert store.has(blob)
    assert store.path(blob).stat().st_mtime == BLOB_MTIME


def test_an_added_file_that_is_not_the_expected_one_stays_where_it_is(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"other")
    with pytest.raises(AirgapError):
        store.add(file, HELLO)
    assert file.read_bytes() == b"other"


def test_a_result_counts_only_while_its_outputs_are_whole(store: Store) -> None:
    recipe = Recipe("test", 1, {"input": "x"})
    assert store.result(recipe) is None
    blob = put(store, b"hello")
    store.record(recipe, {"out": blob})
    assert store.result(recipe) == {"out": blob}
    store.path(blob).unlink()
    assert store.result(recipe) is None


def test_a_link_shares_the_bytes_and_replaces_what_was_there(store: Store, tmp_path: Path) -> None:
    blob = put(store, b"hello")
    dest = tmp_path / "dist" / "file"
    dest.parent.mkdir()
    dest.write_bytes(b"old")
    store.link(blob, dest)
    assert os.path.samefile(dest, store.path(blob))
    assert [p.name for p in dest.parent.iterdir()] == ["file"]


def _write_many(root: Path, number: int) -> None:
    store = Store(root)
    for i in range(20):
        put(store, b"%d" % (i % 10))
        with store.lock("counter"):
            count = int((root / "count").read_text())
            time.sleep(0.001)
            (root / "count").write_text(str(count + 1))


def test_processes_share_a_store(store: Store) -> None:
    (store.root / "count").write_text("0")
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_write_many, args=(store.root, i)) for i in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert (store.root / "count").read_text() == "80"
    assert len(list(store.root.glob("blobs/sha256/*"))) == 10
    assert not list(store.root.glob("tmp/*"))


def test_a_full_disk_is_one_clear_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: BlobWriter, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(BlobWriter, "write", full)
    with pytest.raises(AirgapError, match="free some disk space"):
        put(store, b"hello")
    assert not list(store.root.glob("tmp/*"))
