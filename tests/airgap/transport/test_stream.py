"""The stream of a bundle: two archives that any tar reads, with offsets known beforehand."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.store import BLOB_MTIME, Blob
from airgap.transport.contents import read_contents
from airgap.transport.stream import Stream, lay_out
from airgap.tree import Entry, Tree
from tests.airgap.transport.bundles import make_bundle, write_manifest
from tests.airgap.transport.effort import trying

NAME = st.text("aZ0 .é漢-\\", min_size=1, max_size=90).filter(lambda name: name.strip(".") != "")
PATH = st.builds("/".join, st.lists(NAME, min_size=1, max_size=3)).filter(
    lambda path: path != "MANIFEST"
)


def bytes_of(
    stream: Stream, contents: dict[str, bytes], start: int = 0, stop: int | None = None
) -> bytes:
    return b"".join(
        piece
        if isinstance(piece, bytes)
        else contents[piece.member.path][piece.offset : piece.offset + piece.length]
        for piece in stream.pieces(start, stop)
    )


def entry(data: bytes, executable: bool = False) -> Entry:
    return Entry(Blob(hashlib.sha256(data).hexdigest(), len(data)), executable)


@trying(60)
@given(
    st.dictionaries(
        st.one_of(PATH, PATH.map("image/".__add__)), st.binary(max_size=1500), max_size=6
    ),
    st.dictionaries(PATH.map("links/".__add__), PATH, max_size=2),
    st.integers(0, 20_000),
    st.integers(0, 20_000),
)
def test_what_tar_reads_is_what_was_laid_out(
    files: dict[str, bytes], links: dict[str, str], start: int, stop: int
) -> None:
    files["MANIFEST"] = b"m"
    tree: Tree = {path: entry(data, len(data) % 2 == 0) for path, data in files.items()}
    for path, link in links.items():
        tree[path] = Entry(Blob("0" * 64, 7), link=link)
    stream = lay_out(tree)
    data = bytes_of(stream, files)

    assert len(data) == stream.size
    assert bytes_of(stream, files, start, min(stop, stream.size)) == data[start:stop]
    for member in stream.members:
        assert data[member.data : member.data + member.size] == files.get(member.path, b"")
    cut = stream.image.offset if stream.image else stream.size
    found = {}
    for prefix, archive in (("", data[:cut]), ("image/", data[cut:])):
        if not archive:
            continue
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for info in tar:
                assert (info.mtime, info.uid, info.gid) == (BLOB_MTIME, 0, 0)
                assert (info.uname, info.gname) == ("", "")
                file = tar.extractfile(info) if info.isfile() else None
                found[prefix + info.name] = file.read() if file else info.linkname
                if file:
                    assert info.mode == (0o755 if tree[prefix + info.name].executable else 0o644)
                end = tar.offset
            assert archive[end:] == bytes(1024)
    assert found == {**files, **links}


def test_the_manifest_and_its_signature_come_first_and_the_image_last() -> None:
    paths = ["image/a", "LICENSES/x", "airgap", "MANIFEST.minisig", "zz", "MANIFEST"]
    stream = lay_out({path: entry(b"") for path in paths})
    assert [member.path for member in stream.members] == [
        "MANIFEST",
        "MANIFEST.minisig",
        "LICENSES/x",
        "airgap",
        "zz",
        "image/a",
    ]


def test_a_file_of_more_than_8_gib_has_its_size_in_base_256() -> None:
    size = (8 << 30) + 5
    stream = lay_out({"MANIFEST": Entry(Blob("0" * 64, size))})
    info = tarfile.TarInfo.frombuf(next(iter(stream.pieces())), "utf-8", "strict")  # type: ignore[arg-type]
    assert info.size == size
    assert stream.size == 512 + size + 507 + 1024


def test_the_operators_settings_and_what_is_not_listed_do_not_travel(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "b", {"airgap": b"#!/bin/sh\n", "pex/a": b"p"})
    (folder / "airgap.conf").write_text("SECRET=1\n")
    (folder / "pex/__pycache__").mkdir()
    (folder / "pex/__pycache__/a.pyc").write_bytes(b"x")
    (folder / "MANIFEST.minisig").write_bytes(b"signed")
    found = read_contents(folder)
    assert set(found.tree) == {"MANIFEST", "MANIFEST.minisig", "airgap", "bundle.conf", "pex/a"}
    assert found.name == "small"


def test_links_travel_as_links_and_programs_as_programs(tmp_path: Path) -> None:
    folder = make_bundle(
        tmp_path / "b",
        {"wheelhouse/a.whl": b"a", "run": b"#!"},
        {"pex/a.whl": "../wheelhouse/a.whl"},
    )
    (folder / "run").chmod(0o555)
    tree = read_contents(folder).tree
    assert tree["pex/a.whl"].link == "../wheelhouse/a.whl"
    assert tree["run"].executable
    assert not tree["wheelhouse/a.whl"].executable


def test_a_bundle_that_differs_from_its_manifest_is_told_by_name(tmp_path: Path) -> None:
    def refused() -> str:
        with pytest.raises(AirgapError) as raised:
            read_contents(folder)
        return str(raised.value)

    folder = make_bundle(tmp_path / "b", {"a": b"1234"}, {"l": "a"})
    (folder / "a").write_bytes(b"12345")
    assert "b/a`" in refused() and "4 bytes" in refused() and "5 bytes" in refused()
    (folder / "a").write_bytes(b"1234")
    (folder / "l").unlink()
    assert "b/l`" in refused() and "none" in refused()
    (folder / "l").symlink_to("/etc/hostname")
    assert "a link to /etc/hostname" in refused()
    (folder / "l").unlink()
    (folder / "l").mkdir()
    assert "something else" in refused()


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AirgapError, match="a file MANIFEST in it"):
        read_contents(tmp_path)
    (tmp_path / "bundle.conf").write_text("BUNDLE='../x'\n")
    write_manifest(tmp_path)
    with pytest.raises(AirgapError, match="letters, digits"):
        read_contents(tmp_path)
