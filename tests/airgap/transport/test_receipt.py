"""A receipt that comes back, however it was copied, tells which parts to send again."""

import hashlib
import io
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.cli import main
from airgap.errors import AirgapError
from airgap.transport.parts import Transfer
from airgap.transport.receipt import parts_to_send, read_receipt
from tests.airgap.transport.bundles import make_bundle, split_small
from tests.airgap.transport.effort import trying

TRANSFER = Transfer("Demo_1", "0123456789ab" + "c" * 52, 1000)
DELTA = Transfer("Demo_1", "0123456789ab" + "c" * 52, 1000, inventory="fedcba98" + "0" * 56)


def ranges(numbers: set[int]) -> str:
    """As the receiver writes them."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in found) or "none"


def receipt(transfer: Transfer, count: int, missing: str = "none", damaged: str = "none") -> str:
    told = f"{transfer.bundle} {transfer.digest[:12]}"
    if transfer.inventory:
        told += f" delta {transfer.inventory[:8]}"
    text = f"airgap-receipt 1\n{told}\nparts {count}\nmissing {missing}\ndamaged {damaged}\n"
    return f"{text}check {hashlib.sha256(text.encode()).hexdigest()[:8]}\n"


@st.composite
def typed(draw: st.DrawFn, text: str) -> str:
    """As a person types it or an editor keeps it: any case, blanks, ends of lines, a mark."""
    blank = st.text(" \t\r\n\u00a0\u3000", min_size=1, max_size=3)
    words = [
        "".join(draw(st.sampled_from([str.upper, str.lower]))(letter) for letter in word)
        for word in text.split()
    ]
    noisy = "".join(word + draw(blank) for word in words)
    return draw(st.sampled_from(["", " ", "\n\n"])) + noisy


@trying(60)
@given(
    st.sets(st.integers(1, 200)),
    st.sets(st.integers(1, 200)),
    st.sampled_from([TRANSFER, DELTA]),
    st.data(),
)
def test_what_is_lacking_is_read_whatever_the_blanks_and_the_case(
    missing: set[int], damaged: set[int], transfer: Transfer, data: st.DataObject
) -> None:
    text = receipt(transfer, 200, ranges(missing), ranges(damaged))
    found = read_receipt(data.draw(typed(text)), transfer)
    assert (set(found.missing), set(found.damaged)) == (missing, damaged)
    assert found.count == 200


@trying(100)
@given(st.data())
def test_a_slip_of_the_pen_is_seen(data: st.DataObject) -> None:
    text = receipt(TRANSFER, 200, "3 7-9", "12")
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("0123456789abcdef- x"))
    slipped = text[:at] + other + text[at + 1 :]
    if " ".join(slipped.lower().split()) == " ".join(text.lower().split()):
        return
    with pytest.raises(AirgapError) as raised:
        read_receipt(slipped, TRANSFER)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("", "six lines", ""),
        ("hello", "six lines", "hello"),
        (receipt(DELTA, 3), "one for Demo_1 0123456789ab", "delta fedcba98"),
        (receipt(Transfer("other", "f" * 64, 1), 3), "one for Demo_1", "other ffffffffffff"),
        (receipt(TRANSFER, 3, missing="4"), "numbers from 1 to 3", "4"),
        (receipt(TRANSFER, 3, missing="3-2"), "numbers from 1 to 3", "3-2"),
        (receipt(TRANSFER, 3, missing="2-"), "numbers and ranges", "2-"),
        (receipt(TRANSFER, 3, missing="1-999999999999"), "numbers from 1 to 3", "1-999999999999"),
        (receipt(TRANSFER, 3).replace("parts 3", "parts 4"), "check", "check"),
    ],
)
def test_what_is_no_receipt_of_this_transfer_is_refused(
    text: str, expected: str, found: str
) -> None:
    with pytest.raises(AirgapError) as raised:
        read_receipt(text, TRANSFER)
    assert expected in str(raised.value.expected)
    assert found in str(raised.value.found)


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[tuple[Path, Transfer]]:
    files = {"a": random.Random(5).randbytes(60_000)}
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        folder = make_bundle(Path(name, "bundle"), files)
        yield Path(name, "out"), split_small(folder, Path(name, "out"), 20_000)


def test_the_parts_to_send_again_are_named(sent: tuple[Path, Transfer]) -> None:
    out, transfer = sent
    parts = sorted(out.glob("*.part"))
    text = receipt(transfer, len(parts), "2", "1 4")
    assert parts_to_send(text, out) == (parts[0], parts[1], parts[3])
    assert parts_to_send(receipt(transfer, len(parts)), out) == ()


def test_the_command_prints_paths_one_a_line(
    sent: tuple[Path, Transfer],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, transfer = sent
    parts = sorted(out.glob("*.part"))
    monkeypatch.setattr("sys.stdin", io.StringIO(receipt(transfer, len(parts), "1-2")))
    assert main(["receipt", "-", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(parts[0]), str(parts[1])]
    # As an editor of Windows keeps it.
    noted = out.parent / "receipt.txt"
    noted.write_text(receipt(transfer, len(parts), "3"), "utf-8-sig")
    assert main(["receipt", str(noted), str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(parts[2])]
    assert main(["receipt", str(out / "nowhere"), str(out)]) == 1
    assert "a text file" in capsys.readouterr().err


@trying(8)
@given(st.data())
def test_what_the_receivers_program_writes_is_read(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        out, arrived = Path(name, "out"), Path(name, "arrived")
        bundle = make_bundle(Path(name, "bundle"), {"a": random.Random(5).randbytes(90_000)})
        split_small(bundle, out, 16_000)
        shutil.copytree(out, arrived)
        sent = sorted(path.name for path in arrived.glob("*.part"))
        bad = data.draw(st.lists(st.sampled_from(sent), unique=True, max_size=len(sent) - 1))
        for part in bad:
            if data.draw(st.booleans()):
                (arrived / part).unlink()
            else:
                (arrived / part).write_bytes((arrived / part).read_bytes()[:-1] + b"?")
        ran = subprocess.run(
            ["sh", arrived / "airgap-parts", "verify"], capture_output=True, text=True
        )
        assert ran.returncode == (1 if bad else 0), ran.stderr
        text = data.draw(typed((arrived / "receipt.txt").read_text()))
        assert [path.name for path in parts_to_send(text, out)] == sorted(bad)


def test_a_part_that_the_sender_lacks_or_has_damaged_is_told(sent: tuple[Path, Transfer]) -> None:
    out, transfer = sent
    parts = sorted(out.glob("*.part"))
    data = bytearray(parts[1].read_bytes())
    data[-1] ^= 1
    parts[1].write_bytes(data)
    parts[2].unlink()
    for number in ("2", "3"):
        with pytest.raises(AirgapError, match="run the same split command again"):
            parts_to_send(receipt(transfer, len(parts), number), out)
    assert parts_to_send(receipt(transfer, len(parts), "1"), out) == (parts[0],)


def test_a_receipt_of_other_parts_or_a_folder_without_any_is_refused(
    sent: tuple[Path, Transfer], tmp_path: Path
) -> None:
    out, transfer = sent
    with pytest.raises(AirgapError, match="99 parts"):
        parts_to_send(receipt(transfer, 99), out)
    with pytest.raises(AirgapError, match="the parts of one transfer"):
        parts_to_send(receipt(transfer, 4), tmp_path)
