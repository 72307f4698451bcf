import os
from pathlib import Path

import pytest

from airgap import tree
from airgap.store import Blob, Store
from airgap.tree import Entry
from tests.airgap.blobs import put


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_tree_is_written_with_folders_links_and_modes(store: Store, tmp_path: Path) -> None:
    a, b = put(store, b"a"), put(store, b"b")
    dest = tmp_path / "dist" / "demo"
    tree.write(
        store, {"x/a": Entry(a), "run": Entry(b, executable=True), "l": Entry(a, link="x/a")}, dest
    )
    assert listing(dest) == {"x/a": b"a", "run": b"b", "l": b"a"}
    assert os.access(dest / "run", os.X_OK)
    assert os.readlink(dest / "l") == "x/a"
    assert [path.name for path in dest.parent.iterdir()] == ["demo"]


def test_modes_do_not_depend_on_the_umask(store: Store, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        tree.write(store, {"x/a": Entry(put(store, b"a"))}, tmp_path / "demo")
    finally:
        os.umask(old)
    assert (tmp_path / "demo" / "x").stat().st_mode & 0o777 == 0o755


def test_what_no_longer_belongs_goes_and_what_the_user_owns_stays(
    store: Store, tmp_path: Path
) -> None:
    a, b = put(store, b"a"), put(store, b"b")
    dest = tmp_path / "demo"
    tree.write(store, {"x/a": Entry(a), "y": Entry(b), "MANIFEST": Entry(a)}, dest)
    (dest / "airgap.conf").write_text("mine")
    (dest / "stray").mkdir()
    (dest / "stray" / "file").write_text("")
    # A folder takes the place of a file, and a file that of a folder.
    new = {"x": Entry(b), "y/b": Entry(b), "MANIFEST": Entry(b)}
    tree.write(store, new, dest, last="MANIFEST", keep=("airgap.conf",))
    assert listing(dest) == {"x": b"b", "y/b": b"b", "MANIFEST": b"b", "airgap.conf": b"mine"}


def test_a_file_changed_in_dist_comes_back(store: Store, tmp_path: Path) -> None:
    a = put(store, b"a")
    dest = tmp_path / "demo"
    tree.write(store, {"a": Entry(a)}, dest)
    (dest / "a").unlink()
    (dest / "a").write_text("changed")
    tree.write(store, {"a": Entry(a)}, dest)
    assert listing(dest) == {"a": b"a"}


def test_an_interrupted_change_has_no_manifest(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = put(store, b"a"), put(store, b"b")
    dest = tmp_path / "demo"
    tree.write(store, {"a": Entry(a), "MANIFEST": Entry(a)}, dest, last="MANIFEST")

    def fail(blob: Blob, dest: Path, *, executable: bool = False) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "link", fail)
        tree.write(store, {"a": Entry(b), "MANIFEST": Entry(b)}, dest, last="MANIFEST")
    assert "MANIFEST" not in listing(dest)
    tree.write(store, {"a": Entry(b), "MANIFEST": Entry(b)}, dest, last="MANIFEST")
    assert listing(dest) == {"a": b"b", "MANIFEST": b"b"}


def test_an_interrupted_first_writing_leaves_no_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = put(store, b"a")

    def fail(blob: Blob, dest: Path, *, executable: bool = False) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "link", fail)
    with pytest.raises(KeyboardInterrupt):
        tree.write(store, {"a": Entry(a)}, tmp_path / "dist" / "demo")
    assert not list((tmp_path / "dist").iterdir())


def test_a_tree_of_one_file_is_that_file(store: Store, tmp_path: Path) -> None:
    dest = tmp_path / "app.pex"
    dest.mkdir()
    tree.write(store, {"": Entry(put(store, b"a"), executable=True)}, dest)
    assert dest.read_bytes() == b"a"
    assert os.access(dest, os.X_OK)
