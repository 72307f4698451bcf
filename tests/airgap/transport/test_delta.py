"""A delta holds what its inventory lacks, all that, and each content once."""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.store import Store
from airgap.transport.delta import delta, read_inventory
from tests.airgap.transport.bundles import ROOT, bytes_in, make_bundle
from tests.airgap.transport.effort import trying
from tests.airgap.transport.received import Received, receive

PATHS = st.sampled_from(["a", "b/c", "image/x", "image/y/z", "é/漢字", "n" * 150, "MANIFESTO"])
CONTENTS = st.sampled_from([b"", b"1", b"two", b"3" * 600, b"four" * 3000])
FILES = st.dictionaries(PATHS, CONTENTS)


def write_inventory(path: Path, contents: Iterable[bytes]) -> Path:
    lines = sorted(f"{hashlib.sha256(data).hexdigest()} {len(data)}" for data in set(contents))
    head = ["airgap-inventory 1", f"bundle small sha256:{'0' * 64}"]
    text = "".join(f"{line}\n" for line in [*head, *lines])
    path.write_text(f"{text}end {hashlib.sha256(text.encode()).hexdigest()}\n")
    return path


def send(inventory: Path, bundle: Path, out: Path) -> Received:
    delta(Store(bundle.parent / "store"), ROOT, inventory, bundle, out, 20_000, 0)
    return receive(out)


@trying(60)
@given(FILES, FILES)
def test_with_what_is_there_it_makes_the_whole_bundle(
    old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        links = {"link": "bundle.conf", "b/l": "../bundle.conf"}
        bundle = make_bundle(Path(name, "new"), new, links)
        inventory = write_inventory(Path(name, "inventory"), old.values())
        files = send(inventory, bundle, Path(name, "out")).files()
        manifest = (bundle / "MANIFEST").read_bytes()
    wanted = set(new.values()) - set(old.values())
    assert files.pop("link") == b"-> bundle.conf"
    assert files.pop("b/l") == b"-> ../bundle.conf"
    assert files.pop("MANIFEST") == manifest
    assert files.pop("bundle.conf") == b"BUNDLE='small'\n"
    assert sorted(files.values()) == sorted(wanted)
    assert all(new[path] == data for path, data in files.items())


def test_the_parts_name_their_inventory(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b", {"a": b"1", "image/x": b"2"})
    inventory = write_inventory(tmp_path / "i", [b"1", b"2"])
    received = send(inventory, bundle, tmp_path / "out")
    sha256 = hashlib.sha256(inventory.read_bytes()).hexdigest()
    assert received.header is not None
    assert received.header.transfer.inventory == sha256
    assert received.header.transfer.image is None
    (part,) = (tmp_path / "out").glob("*.part")
    digest = hashlib.sha256((bundle / "MANIFEST").read_bytes()).hexdigest()
    assert part.name == f"small-{digest[:12]}-delta-{sha256[:8]}.001.part"


def test_the_same_delta_has_the_same_bytes(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b", {"a": b"1", "image/x": b"2" * 30_000, "c": b"2" * 30_000})
    inventory = write_inventory(tmp_path / "i", [b"1"])
    send(inventory, bundle, tmp_path / "1")
    send(inventory, bundle, tmp_path / "2")
    assert bytes_in(tmp_path / "1") == bytes_in(tmp_path / "2")


def test_a_signature_travels(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b", {"a": b"1"})
    (bundle / "MANIFEST.minisig").write_bytes(b"signed")
    inventory = write_inventory(tmp_path / "i", [b"1", b"signed"])
    assert send(inventory, bundle, tmp_path / "out").files()["MANIFEST.minisig"] == b"signed"


def test_how_much_travels_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = make_bundle(tmp_path / "b", {"a": b"1" * 100_000, "b": b"2"}, {"link": "a"})
    send(write_inventory(tmp_path / "i", [b"1" * 100_000]), bundle, tmp_path / "out")
    assert "3 of 4 files travel, 4.6 kB instead of 105.5 kB" in capsys.readouterr().err


def test_another_delta_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b", {"a": b"1", "b": b"2"})
    send(write_inventory(tmp_path / "1", [b"1"]), bundle, tmp_path / "out")
    before = bytes_in(tmp_path / "out")
    with pytest.raises(AirgapError, match="name another folder"):
        send(write_inventory(tmp_path / "2", [b"2"]), bundle, tmp_path / "out")
    assert bytes_in(tmp_path / "out") == before


@trying(100)
@given(st.data())
def test_an_inventory_with_a_flipped_bit_or_cut_short_is_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = write_inventory(Path(name, "i"), [b"1", b"2"])
        text = path.read_bytes()
        if data.draw(st.booleans()):
            bit = data.draw(st.integers(0, 8 * len(text) - 1))
            flipped = bytes([text[bit // 8] ^ 1 << bit % 8])
            text = text[: bit // 8] + flipped + text[bit // 8 + 1 :]
        else:
            text = text[: data.draw(st.integers(0, len(text) - 1))]
        path.write_bytes(text)
        with pytest.raises(AirgapError, match="take the file again from the receiver"):
            read_inventory(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("airgap-inventory 1", "airgap-inventory 2"),
        ("airgap-inventory 1", "airgap-manifest 1"),
        ("bundle small", "bundle ../small"),
        ("bundle small", "bundle"),
        (" 1\n", " 1 a\n"),
        (" 1\n", " -1\n"),
    ],
)
def test_a_line_that_is_none_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = write_inventory(tmp_path / "i", [b"1"])
    text = path.read_text().rpartition("end ")[0]
    assert old in text
    text = text.replace(old, new)
    path.write_text(f"{text}end {hashlib.sha256(text.encode()).hexdigest()}\n")
    with pytest.raises(AirgapError, match="reading the inventory"):
        read_inventory(path)


def test_no_inventory(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(AirgapError, match="no such file"):
            read_inventory(path)


def test_what_can_be_run_travels_though_its_content_is_there(tmp_path: Path) -> None:
    """The receiver's file of that content may be one that cannot be run."""
    bundle = make_bundle(tmp_path / "b", {"pex/run": b"1", "other": b"1"})
    (bundle / "pex/run").chmod(0o755)
    inventory = write_inventory(tmp_path / "i", [b"1"])
    files = send(inventory, bundle, tmp_path / "out").files()
    assert "pex/run" in files
    assert "other" not in files
