"""What is split arrives as it was, and what is in the way of that is told."""

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.store import Blob, Store
from airgap.transport import manifest
from airgap.transport.contents import read_contents
from airgap.transport.outbox import JOURNAL
from airgap.transport.split import parse_size
from airgap.transport.transfer import write_transfer
from tests.airgap.transport.bundles import (
    ROOT,
    bytes_in,
    make_bundle,
    split_small,
    write_manifest,
)
from tests.airgap.transport.effort import trying
from tests.airgap.transport.received import receive

SIZE = 20_000
FILES = {
    "airgap": b"#!/bin/sh\n",
    "models/m/weights": random.Random(1).randbytes(70_000),
    "image/blobs/sha256/a": random.Random(2).randbytes(30_000),
    "image/index.json": b"{}",
    "empty": b"",
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle", FILES, {"pex/w": "../models/m/weights"})


def test_writing_and_reading_back_are_told_of(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split_small(bundle, tmp_path / "out", SIZE)
    parts = len(list((tmp_path / "out").glob("*.part")))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "packing",
        "packed",
        "checking",
        "checked",
    ]
    assert lines[1].startswith(f"packed {parts} of {parts} files")
    # The program is among what is read back.
    assert lines[3].startswith(f"checked {parts + 1} of {parts + 1} files")


@trying(20)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b/c", "image/x", "image/y/z", "é/漢字", "n" * 150]),
        st.builds(
            lambda size, seed: random.Random(seed).randbytes(size),
            st.one_of(st.sampled_from([0, 511, 512, 513, 4096, 8192]), st.integers(0, 60_000)),
            st.integers(0, 99),
        ),
    ),
    st.integers(9000, 50_000),
)
def test_any_bundle_in_parts_of_any_size_arrives_as_it_was(
    files: dict[str, bytes], size: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = make_bundle(Path(name, "bundle"), files, {"link": "bundle.conf"})
        split_small(folder, Path(name, "out"), size)
        received = receive(Path(name, "out"))
        assert received.files() == {
            **{path: (folder / path).read_bytes() for path in [*files, "bundle.conf", "MANIFEST"]},
            "link": b"-> bundle.conf",
        }
        assert all(path.stat().st_size < size for path in Path(name, "out").glob("*.part"))


def test_the_same_bundle_gives_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    split_small(bundle, tmp_path / "1", SIZE)
    copy = shutil.copytree(bundle, tmp_path / "elsewhere" / "copy", symlinks=True)
    split_small(copy, tmp_path / "2", SIZE)
    assert bytes_in(tmp_path / "1") == bytes_in(tmp_path / "2")


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset % len(data)] ^= 1
    path.write_bytes(data)


def swap(path: Path, _: int) -> None:
    other = next(other for other in sorted(path.parent.glob("*.part")) if other != path)
    mine, yours = path.read_bytes(), other.read_bytes()
    path.write_bytes(yours)
    other.write_bytes(mine)


def truncate(path: Path, offset: int) -> None:
    path.write_bytes(path.read_bytes()[: offset % path.stat().st_size])


def lose(path: Path, _: int) -> None:
    path.unlink()


def lengthen(path: Path, _: int) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def unname(path: Path, _: int) -> None:
    path.rename(path.with_name("photo.jpg"))


DAMAGES = [flip, swap, truncate, lose, lengthen, unname]


@trying(20)
@given(st.sampled_from(DAMAGES), st.integers(0, 7), st.integers(0, 30_000))
def test_whatever_happens_to_the_parts_the_same_command_makes_them_whole(
    damage: Callable[[Path, int], None], which: int, offset: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, out = make_bundle(Path(name, "bundle"), FILES), Path(name, "out")
        split_small(folder, out, SIZE)
        right = bytes_in(out)
        parts = sorted(out.glob("*.part"))
        damage(parts[which % len(parts)], offset)
        damaged = bytes_in(out)
        # The other side sees it too, unless nothing was lost by it.
        received = receive(out)
        assert damaged != right
        assert received.missing | received.damaged or damage is swap

        split_small(folder, out, SIZE)
        (out / "photo.jpg").unlink(missing_ok=True)
        assert bytes_in(out) == right


def test_a_second_run_changes_nothing(bundle: Path, tmp_path: Path) -> None:
    split_small(bundle, tmp_path / "out", SIZE)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    split_small(bundle, tmp_path / "out", SIZE)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


def test_a_file_that_differs_from_the_manifest_stops_it_and_nothing_seems_whole(
    bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    weights = bundle / "models/m/weights"
    flip(weights, 69_999)
    with pytest.raises(AirgapError) as raised:
        split_small(bundle, out, SIZE)
    assert "models/m/weights" in raised.value.subject
    expected = manifest.parse((bundle / "MANIFEST").read_bytes(), "")["models/m/weights"].sha256
    assert expected in str(raised.value.expected)
    assert Blob(str(raised.value.found).removeprefix("sha256 "), 0).sha256 != expected
    assert not list(out.glob("*.part")) and not (out / "PARTS").exists()

    # Once the file is right again, what was written of it before is not used.
    flip(weights, 69_999)
    split_small(bundle, out, SIZE)
    split_small(bundle, tmp_path / "fresh", SIZE)
    assert bytes_in(out) == bytes_in(tmp_path / "fresh")


def test_what_was_written_of_a_file_that_was_wrong_then_is_written_anew(
    bundle: Path, tmp_path: Path
) -> None:
    """As if a kill came after the wrong beginning of a file was on the disk, and before its end."""
    out = tmp_path / "out"
    split_small(bundle, tmp_path / "fresh", SIZE)
    shutil.copytree(tmp_path / "fresh", out)
    other = make_bundle(tmp_path / "other", {**FILES, "models/m/weights": bytes(70_000)})
    (other / "pex").mkdir()
    (other / "pex/w").symlink_to("../models/m/weights")
    write_manifest(other)
    split_small(other, tmp_path / "wrong", SIZE)
    number = 3
    (right,) = out.glob("*.003.part")
    (wrong,) = (tmp_path / "wrong").glob("*.003.part")
    header = receive(tmp_path / "wrong").header
    own = receive(out).header
    assert header and own
    lines = [
        f"{n} {blob.size} {blob.sha256}\n"
        for n, blob in enumerate([*own.payloads[:2], header.payloads[2]], start=1)
    ]
    image = own.transfer.image
    assert image
    (out / JOURNAL).write_text(
        f"airgap-split 1\nbundle small sha256:{own.transfer.digest}\n"
        f"stream {own.transfer.stream}\nimage {image.offset} {image.length}\n"
        f"cut {own.size} {own.payloads[0].size}\n" + "".join(lines)
    )
    for n in range(number, len(own.payloads) + 1):
        next(out.glob(f"*.{n:03}.part")).unlink()
    data = wrong.read_bytes()
    (out / f"{right.name}.partial").write_bytes(data)
    split_small(bundle, out, SIZE)
    assert bytes_in(out) == bytes_in(tmp_path / "fresh")


def test_another_transfer_is_never_mixed_in(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    split_small(bundle, out, SIZE)
    before = bytes_in(out)
    other = make_bundle(tmp_path / "other", {"a": b"a"})
    with pytest.raises(AirgapError, match="empty this one"):
        split_small(other, out, SIZE)
    with pytest.raises(AirgapError, match="cut or signed in another way"):
        split_small(bundle, out, SIZE + 4096)
    (bundle / "MANIFEST.minisig").write_bytes(b"signed")
    with pytest.raises(AirgapError, match="cut or signed in another way"):
        split_small(bundle, out, SIZE)
    assert bytes_in(out) == before


def test_an_unfinished_transfer_is_never_mixed_with_another(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flip(bundle / "models/m/weights", 0)
    with pytest.raises(AirgapError):
        split_small(bundle, out, SIZE)
    assert (out / JOURNAL).exists()
    with pytest.raises(AirgapError, match="empty this one"):
        split_small(make_bundle(tmp_path / "other", {"a": b"a"}), out, SIZE)


def test_a_new_signature_replaces_the_old_one(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (bundle / "MANIFEST.minisig").write_bytes(b"one")
    split_small(bundle, out, SIZE)
    (bundle / "MANIFEST.minisig").write_bytes(b"two")
    split_small(bundle, out, SIZE)
    assert receive(out).files()["MANIFEST.minisig"] == b"two"


def test_other_files_in_the_folder_stay(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "holiday.jpg").write_bytes(b"jpg")
    split_small(bundle, out, SIZE)
    assert (out / "holiday.jpg").read_bytes() == b"jpg"


@pytest.mark.parametrize(
    ("text", "size"), [("4G", 4 << 30), ("700m", 700 << 20), ("1T", 1 << 40), ("4096", 4096)]
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "4 G", "-1", "1.5G", "G", "4GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(AirgapError, match="--size 4G"):
        parse_size(text)


def test_a_file_that_goes_away_meanwhile_is_told(tmp_path: Path, bundle: Path) -> None:
    contents = read_contents(bundle)
    (bundle / "models/m/weights").unlink()
    with pytest.raises(AirgapError, match="models/m/weights") as told:
        write_transfer(
            Store(tmp_path / "store"), ROOT, contents, contents.tree, tmp_path / "out", SIZE
        )
    assert told.value.found == "none"
