import hashlib
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.image.tar import LayerTar, fault_in_path
from airgap.store import Store
from tests.airgap.image.packages import WriteLayer


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../../up",
        "a/..",
        "a//b",
        "a/",
        "./a",
        "a/.",
        "a\\b",
        "a\nb",
        "nul\0",
        "n" * 256,
        "ü" * 128,
        "/".join(["part"] * 1000),
    ],
)
def test_hostile_paths_are_refused(path: str) -> None:
    assert fault_in_path(path)
    with pytest.raises(AirgapError):
        LayerTar(io.BytesIO()).file(path, b"")


@pytest.mark.parametrize("path", ["a", "..a/b..", "...", "a b", "n" * 255, "ü" * 127, "日本/x"])
def test_odd_but_harmless_paths_are_taken(path: str) -> None:
    assert fault_in_path(path) is None


@pytest.mark.parametrize("length", [1, 98, 99, 100, 101, 255])
@pytest.mark.parametrize("letter", ["a", "ü", "\udcff"])
def test_headers_are_what_tarfile_writes(letter: str, length: int) -> None:
    path = letter * (length // len(letter.encode("utf-8", "surrogateescape")) or 1)
    out, expected = io.BytesIO(), b""
    folder = f"{path[:-1]}b"
    tar = LayerTar(out)
    tar.file(path, b"12345678")
    tar.hardlink("twin", path)
    tar.symlink("link", path)
    tar.folder(folder, 0o1777)
    for kind, name, mode, size, target in [
        (tarfile.REGTYPE, path, 0o644, 8, ""),
        (tarfile.LNKTYPE, "twin", 0o644, 0, path),
        (tarfile.SYMTYPE, "link", 0o777, 0, path),
        (tarfile.DIRTYPE, folder, 0o1777, 0, ""),
    ]:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.size, info.linkname, info.mtime = kind, mode, size, target, 1
        expected += info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
        expected += b"12345678".ljust(512, b"\0") if size else b""
    assert out.getvalue() == expected


def test_entries_are_normalised_and_parents_come_first(layer: WriteLayer) -> None:
    def fill(tar: LayerTar) -> None:
        tar.file("a/b/c", b"text", 0o755)
        tar.symlink("a/link", "b/c")
        tar.hardlink("a/twin", "a/b/c")
        tar.folder("tmp", 0o1777)
        tar.folder("a")

    with layer(fill) as tar:
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == ["a", "a/b", "a/b/c", "a/link", "a/twin", "tmp"]
    assert {(e.uid, e.gid, e.uname, e.gname, e.mtime) for e in entries} == {(0, 0, "", "", 1)}
    assert [entry.mode for entry in entries] == [0o755, 0o755, 0o755, 0o777, 0o755, 0o1777]


def test_long_and_foreign_names_are_read_back_by_gnu_tar(tmp_path: Path) -> None:
    names = ["d/" * 60 + "n" * 200, "日本/" + "ü" * 100]
    with open(tmp_path / "layer.tar", "wb") as out:
        tar = LayerTar(out)
        for name in names:
            tar.file(name, b"x" * 600)
        tar.symlink("far", "t" * 300)
        tar.close()
    subprocess.run(["tar", "-xf", "layer.tar"], cwd=tmp_path, check=True)
    assert [(tmp_path / name).stat().st_size for name in names] == [600, 600]
    assert (tmp_path / "far").readlink() == Path("t" * 300)


def test_no_path_is_written_twice() -> None:
    tar = LayerTar(io.BytesIO())
    tar.file("a/b", b"")
    writes: tuple[Callable[[], None], ...] = (
        lambda: tar.file("a/b", b""),
        lambda: tar.symlink("a/b", "c"),
        lambda: tar.folder("a/b"),
        lambda: tar.file("a/b/under-a-file", b""),
        lambda: tar.file("a", b""),
    )
    for write in writes:
        with pytest.raises(AirgapError):
            write()


def test_a_hard_link_to_something_not_in_the_layer_is_refused() -> None:
    with pytest.raises(AirgapError, match="a link to no file"):
        LayerTar(io.BytesIO()).hardlink("a", "etc/passwd")


def test_a_stream_of_another_size_is_refused() -> None:
    with pytest.raises(AirgapError, match="expected: *5 bytes"):
        LayerTar(io.BytesIO()).stream("a", 5, [b"four"])


def test_the_bytes_of_a_layer_stay_what_they_were(store: Store) -> None:
    with store.writer() as out:
        tar = LayerTar(out)
        tar.stream("usr/bin/x", 3, [b"a", b"bc"], 0o755)
        tar.symlink("bin", "usr/bin")
        tar.close()
    assert out.blob.sha256 == hashlib.sha256(store.path(out.blob).read_bytes()).hexdigest()
    with tarfile.open(store.path(out.blob)) as written:
        assert written.getnames() == ["usr", "usr/bin", "usr/bin/x", "bin"]
    # Where this changes, raise airgap.image.build.VERSION.
    assert out.blob.sha256 == "6961391e6f079e15e224e19709f60932db06a1e492f9e3b39eb003477d0e59e4"
