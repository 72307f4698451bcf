"""``airgap-parts verify`` says of every part whether it is here and whole."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.host.transfer import Transfer, split


def damage(part: Path) -> None:
    content = bytearray(part.read_bytes())
    content[-600] ^= 1
    part.write_bytes(content)


def test_all_parts_are_right(transfer: Transfer) -> None:
    done = transfer.run("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"All {len(transfer.parts)} parts are here and right" in done.stdout
    digest = hashlib.sha256((transfer.bundle / "MANIFEST").read_bytes()).hexdigest()
    assert f"sha256:{digest}" in done.stdout
    assert transfer.receipt() == [
        "airgap-receipt 1",
        f"demo {digest[:12]}",
        f"parts {len(transfer.parts)}",
        "missing none",
        "damaged none",
    ]


def test_missing_and_damaged_parts_are_named_in_the_receipt(transfer: Transfer) -> None:
    parts = transfer.parts
    damage(parts[1])
    for n in (4, 5, 6, 8):
        parts[n - 1].unlink()
    os.truncate(parts[8], 20000)
    done = transfer.run("verify")
    assert done.returncode == 1
    assert transfer.receipt()[3:] == ["missing 4-6 8", "damaged 2 9"]
    assert f"damaged     part 2: {parts[1]}\n" in done.stdout
    assert f"damaged     part 9: {parts[8]} (should be 262144 bytes, is 20000)\n" in done.stdout
    assert f"missing     part 4-6 8 of {len(parts)}\n" in done.stdout
    assert "missing: 4-6 8; damaged: 2 9" in done.stderr


def test_all_parts_are_damaged(transfer: Transfer) -> None:
    for part in transfer.parts:
        damage(part)
    assert transfer.run("verify").returncode == 1
    assert transfer.receipt()[3:] == ["missing none", f"damaged 1-{len(transfer.parts)}"]


def test_all_parts_are_cut_off(transfer: Transfer) -> None:
    for part in transfer.parts:
        os.truncate(part, 5000)
    done = transfer.run("verify")
    assert done.returncode == 1
    assert done.stderr.startswith("airgap: checking the parts of demo")
    assert transfer.receipt()[3:] == ["missing none", f"damaged 1-{len(transfer.parts)}"]


def test_parts_in_several_folders_by_any_name(transfer: Transfer, tmp_path: Path) -> None:
    parts = transfer.parts
    other = tmp_path / 'it\'s a "disk" $HOME \\n'
    other.mkdir()
    (parts[2]).rename(other / "第三 卷 (1).PART")
    parts[3].rename(parts[2])  # 004 under the name of 003
    done = transfer.run("verify", transfer.out, other, transfer.out)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"renamed     part 3: {other}/第三 卷 (1).PART (was {parts[2].name};" in done.stdout
    assert f"renamed     part 4: {parts[2]} (was {parts[3].name};" in done.stdout


def test_of_two_copies_the_whole_one_counts(transfer: Transfer, tmp_path: Path) -> None:
    shutil.copy(transfer.parts[0], tmp_path / "a.part")
    damage(transfer.parts[0])
    shutil.copy(transfer.parts[1], tmp_path / "b.part")
    done = transfer.run("verify", transfer.out, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"damaged     part 1: {transfer.parts[0]}\n" in done.stdout
    assert f"twice       part 2: {tmp_path}/b.part (not needed)\n" in done.stdout
    assert transfer.receipt()[3:] == ["missing none", "damaged none"]


def test_parts_of_another_transfer_are_foreign(transfer: Transfer, tmp_path: Path) -> None:
    other = tmp_path / "other"
    readme = transfer.bundle / "README.txt"
    old = readme.read_bytes()
    readme.write_bytes(old.upper())
    manifest = transfer.bundle / "MANIFEST"
    before, after = (hashlib.sha256(content).hexdigest() for content in (old, old.upper()))
    manifest.write_text(manifest.read_text().replace(before, after))
    split(transfer.bundle, other, 262148)
    stray = sorted(other.glob("*.part"))[2]
    shutil.copy(stray, transfer.out)
    stray = transfer.out / stray.name
    done = transfer.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()[:12]
    assert f"foreign     {stray} (part 3 of another transfer: demo {digest})" in done.stdout
    for part in sorted(other.glob("*.part")):
        shutil.copy(part, transfer.out)
    assert "parts of several transfers" in transfer.fails("verify")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("airgap-part 1\n", "airgap-part 2\n"),
        ("bundle demo", "bundle ../etc"),
        ("bundle demo", "bundle d\x01mo"),
        ("part 3 of", "part 0 of"),
        ("part 3 of", "part 99 of"),
        ("part 3 of", "part 3 0f"),
        ("header 4096", "header 4097"),
        ("header 4096", "header 99999999999999999999"),
        ("stream ", "stream 9"),
        ("stream ", "stream -"),
        ("\nimage ", "\nimage 5"),
        ("\n2 ", "\n3 "),
        ("\n2 ", "\n2  "),
        ("\n2 ", "\nx"),
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_a_header_that_lies_is_no_part(
    transfer: Transfer, old: str, new: str, signed: bool
) -> None:
    part = transfer.parts[2]
    content = part.read_bytes()
    text, payload = content[:4096].decode().rstrip("\n") + "\n", content[4096:]
    assert old in text
    lines = text.replace(old, new, 1).splitlines()[:-1]
    above = "".join(f"{line}\n" for line in lines)
    end = hashlib.sha256(above.encode()).hexdigest() if signed else text[-65:-1]
    header = f"{above}end {end}\n".encode().ljust(4096, b"\n")
    part.write_bytes(header + payload)
    done = transfer.run("verify")
    assert done.returncode == 1
    assert f"no part     {part} " in done.stdout
    assert transfer.receipt()[3:] == ["missing 3", "damaged none"]


@pytest.mark.parametrize(
    "content", [b"", b"airgap-part 1\n", b"\0" * 5000, b"airgap-part 1\n" * 999]
)
def test_rubbish_is_no_part(transfer: Transfer, content: bytes) -> None:
    rubbish = transfer.out / "rubbish.part"
    rubbish.write_bytes(content)
    done = transfer.run("verify")
    assert done.returncode == 0
    assert f"no part     {rubbish} " in done.stdout


@pytest.mark.parametrize("name", ["{} ", "{}  (1)", "{} (1).part", ".{}", "{}.PART", "-n {}"])
def test_a_part_counts_under_any_name_and_is_named_with_it(transfer: Transfer, name: str) -> None:
    """Also with blanks at its end, as some programs copy."""
    part = transfer.parts[1]
    copied = part.with_name(name.format(part.name))
    part.rename(copied)
    done = transfer.run("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"renamed     part 2: {copied} (was {part.name};" in done.stdout
    assert transfer.run("join", transfer.out.parent / "dest").returncode == 0

    damage(copied)
    done = transfer.run("verify")
    assert done.returncode == 1
    assert f"damaged     part 2: {copied}\n" in done.stdout

    copied.write_bytes(b"x" * 5000)
    done = transfer.run("verify")
    assert done.returncode == 1
    assert f"no part     {copied} (its header is damaged" in done.stdout
    assert transfer.receipt()[3:] == ["missing 2", "damaged none"]


def test_what_has_the_name_of_a_part_is_told_though_it_cannot_be_read(transfer: Transfer) -> None:
    part = transfer.parts[1]
    part.unlink()
    part.symlink_to("elsewhere")
    (transfer.out / "new.part").mkdir()
    done = transfer.run("verify")
    assert f"no part     {part} (no file that can be read)" in done.stdout
    assert f"no part     {transfer.out}/new.part (no file that can be read)" in done.stdout
    assert done.returncode == 1


def test_a_part_with_a_line_break_in_its_name_is_told(transfer: Transfer) -> None:
    part = transfer.parts[1]
    part.rename(transfer.out / "a\nb")
    done = transfer.run("verify")
    assert f"no part     {transfer.out}/a?b (there is a line break in its name" in done.stdout
    assert done.returncode == 1


def test_what_a_terminal_would_act_on_is_not_printed(transfer: Transfer) -> None:
    """Whoever writes a medium names its files."""
    (transfer.out / "\x1b]0;all is well\x07\r卷.part").write_text("x")
    done = transfer.run("verify")
    assert f"no part     {transfer.out}/?]0;all is well??卷.part (its header" in done.stdout


def test_what_a_mac_leaves_beside_each_part_is_not_told(transfer: Transfer) -> None:
    for part in transfer.parts:
        part.with_name(f"._{part.name}").write_bytes(b"\0\5\x16\7")
    assert "no part" not in transfer.run("verify").stdout


def test_a_nul_in_a_header_is_seen(transfer: Transfer) -> None:
    part = transfer.parts[0]
    content = part.read_bytes()
    part.write_bytes(content.replace(b"bundle demo", b"bundle\0demo", 1))
    done = transfer.run("verify")
    assert transfer.receipt()[3:] == ["missing 1", "damaged none"]
    assert done.returncode == 1


def test_nothing_found(transfer: Transfer, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"there is none in {empty}" in transfer.fails("verify", empty)
    assert "not a folder that can be read" in transfer.fails("verify", tmp_path / "absent")


def test_a_receipt_goes_where_it_is_asked_for(transfer: Transfer, tmp_path: Path) -> None:
    receipt = tmp_path / "my receipt"
    done = transfer.run("verify", "--receipt", receipt)
    assert done.returncode == 0
    assert receipt.read_text() in done.stdout
    assert not (transfer.out / "receipt.txt").exists()
    assert "cannot be written" in transfer.fails("verify", "--receipt", tmp_path / "no" / "x")


def test_a_wrong_command_line_ends_with_2(transfer: Transfer) -> None:
    for arguments in (["unknown"], ["verify", "--wrong"], ["verify", "--receipt"]):
        assert transfer.run(*arguments).returncode == 2


def test_what_is_said_in_chinese(transfer: Transfer) -> None:
    transfer.parts[0].unlink()
    done = transfer.run("verify", LANG="zh_CN.UTF-8")
    assert "缺少        第 1 卷" in done.stdout
    assert "处理：请发送方重发" in done.stderr
    assert "用法" in transfer.run("help", LANG="zh_CN.UTF-8").stdout
