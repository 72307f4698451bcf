"""What travels and comes back: manifests, part headers, receipts, inventories, keys."""

import hashlib
import io
from pathlib import Path

import minisign  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.store import Blob
from airgap.transport import delta, keys, manifest, parts, receipt
from airgap.transport.parts import Header, Transfer
from airgap.transport.stream import Section
from tests.airgap.fuzz.mutations import any_or_damaged, read_or_refused, tries

HEX = "0123456789abcdef" * 4
MANIFEST = manifest.render({"a b": Blob(HEX, 1), "图/权重": Blob(HEX[::-1], 2), "z": Blob(HEX, 0)})
TRANSFER = Transfer("Demo_1", HEX, 3 * 4096 - 1, Section(512, 1024), HEX[::-1])
HEADER = parts.render(
    Header(TRANSFER, 4096, 2, (Blob(HEX, 4096), Blob(HEX, 4096), Blob(HEX, 4095)))
)
INVENTORY = f"airgap-inventory 1\nbundle demo sha256:{HEX}\n{HEX} 5\n{HEX[::-1]} 0\n".encode()


def ended(text: bytes) -> bytes:
    """With the last line that is right for what is above it, as anybody can write it."""
    return text + b"end %s\n" % hashlib.sha256(text).hexdigest().encode()


@tries(300)
@given(any_or_damaged(MANIFEST))
def test_a_manifest_is_as_it_was_written_or_refused(data: bytes) -> None:
    found = read_or_refused(lambda: manifest.parse(data, "MANIFEST"))
    if found is not None:
        lines = data.decode().removesuffix("\n").split("\n")[1:]
        assert lines == [f"{blob.sha256} {blob.size} {path}" for path, blob in found.items()]
        for path in found:
            assert not set(path.split("/")) & {"", ".", ".."}


@tries(300)
@given(any_or_damaged(HEADER))
def test_a_header_is_as_it_was_written_or_refused(data: bytes) -> None:
    found = read_or_refused(lambda: parts.read_header(io.BytesIO(data), "1.part"))
    assert found is None or parts.render(found) == data[: found.size]


@tries(300)
@given(any_or_damaged(HEADER.partition(b"\nend ")[0] + b"\n"))
def test_a_header_with_a_right_sum_is_not_believed_for_that(text: bytes) -> None:
    data = ended(text)
    size = -(-len(data) // 4096) * 4096
    data = data.ljust(size, b"\n")
    found = read_or_refused(lambda: parts.read_header(io.BytesIO(data), "1.part"))
    assert found is None or parts.render(found) == data


@tries(300)
@given(any_or_damaged(INVENTORY), st.booleans())
def test_an_inventory_is_as_it_was_written_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, right: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "inventory"
    file.write_bytes(ended(text) if right else text)
    found = read_or_refused(lambda: delta.read_inventory(file))
    if found is not None:
        lines = file.read_text("ascii").split("\n")
        assert {line.split()[0] for line in lines[2:-2]} == found.contents


@tries(300)
@given(any_or_damaged(b"parts 9\nmissing 3 7-9\ndamaged none\n"))
def test_a_receipt_with_a_right_sum_names_parts_that_there_are(data: bytes) -> None:
    transfer = Transfer("Demo_1", HEX, 1000)
    body = data.decode(errors="replace").lower()
    text = f"airgap-receipt 1\nDemo_1 {HEX[:12]}\n{body}"
    text += f"check {hashlib.sha256(text.encode()).hexdigest()[:8]}\n"
    found = read_or_refused(lambda: receipt.read_receipt(text, transfer))
    if found is not None:
        assert {*found.missing, *found.damaged} <= set(range(1, found.count + 1))


@pytest.mark.parametrize("count", ["999999999999", "9" * 5000])
def test_a_receipt_of_more_parts_than_can_be_is_refused(count: str) -> None:
    transfer = Transfer("Demo_1", HEX, 1000)
    text = f"airgap-receipt 1\nDemo_1 {HEX[:12]}\nparts {count}\nmissing 1-{count}\ndamaged none\n"
    text += f"check {hashlib.sha256(text.encode()).hexdigest()[:8]}\n"
    with pytest.raises(AirgapError, match="parts"):
        receipt.read_receipt(text, transfer)


KEY = bytes(minisign.KeyPair.generate().secret_key)


@tries(200)
@given(any_or_damaged(KEY))
def test_a_key_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = Path(tmp_path_factory.getbasetemp(), "minisign.key")
    file.write_bytes(data)
    read_or_refused(lambda: keys.read_key(file, lambda: "no password"))
