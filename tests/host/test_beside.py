"""``airgap-parts verify`` says of what travels beside the parts whether it is whole."""

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.host.transfer import Transfer


@pytest.fixture
def sent(transfer: Transfer) -> Transfer:
    """The transfer with files in place of recovery files, which verify does not run."""
    prefix = transfer.parts[0].name.removesuffix(".001.part")
    (transfer.out / "recovery").mkdir()
    for name in (f"{prefix}.par2", f"{prefix}.vol0+1.par2", "recovery/par2", "recovery/libc.so.6"):
        (transfer.out / name).write_text(name * 1000)
    list_files(transfer.out)
    return transfer


def list_files(out: Path) -> None:
    """As the sender lists what belongs to a transfer."""
    (out / "PARTS").unlink(missing_ok=True)
    files = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
        for name, path in sorted(files.items())
    ]
    (out / "PARTS").write_text("".join(lines))


def told(transfer: Transfer, *folders: Path) -> list[str]:
    """What is said of files beside whole parts; that is no error."""
    done = transfer.run("verify", "--receipt", "/dev/null", *folders)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1].startswith(f"All {len(transfer.parts)} parts are here and right")
    return [
        line for line in lines if line.startswith(("damaged  ", "missing  ")) or "beside" in line
    ]


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_nothing_is_told_of_what_is_right(sent: Transfer) -> None:
    # PARTS itself, the plan and the parts are hashed elsewhere or not at all.
    assert told(sent) == ["Checking 6 files beside the parts …"]


@pytest.mark.parametrize(
    ("pattern", "meaning"),
    [
        ("*.vol0+1.par2", "repair could make fewer parts anew"),
        ("recovery/libc.so.6", "repair would not run it"),
        ("PLAN.txt", "only people read it"),
    ],
)
def test_what_is_damaged_is_named_with_what_that_means(
    sent: Transfer, pattern: str, meaning: str
) -> None:
    (path,) = sent.out.glob(pattern)
    spoil(path)
    first, damaged, last = told(sent)
    assert damaged.startswith(f"damaged     {path} (") and meaning in damaged
    assert last.startswith("1 files beside the parts are not right")


def test_a_damaged_program_says_so_of_itself(sent: Transfer) -> None:
    with sent.program.open("a") as program:
        program.write("\n# more\n")
    assert "do not go by what it says" in told(sent)[1]


def test_what_is_missing_is_named(sent: Transfer) -> None:
    (path,) = sent.out.glob("*.vol0+1.par2")
    path.unlink()
    assert f"missing     {path} (a recovery file; repair could make fewer parts anew)" in told(sent)
    (sent.out / "PARTS").unlink()
    assert "missing     PARTS, with which " in told(sent)[0]


def test_that_all_was_left_behind_is_one_line(sent: Transfer, tmp_path: Path) -> None:
    for path in sent.out.glob("*.par2"):
        path.unlink()
    shutil.rmtree(sent.out / "recovery")
    assert len(told(sent)) == 3
    assert "and all others with which parts could be repaired" in told(sent)[1]


def test_a_whole_copy_in_another_folder_suffices(sent: Transfer, tmp_path: Path) -> None:
    other = tmp_path / "other 盘 "
    shutil.copytree(sent.out / "recovery", other / "recovery")
    spoil(sent.out / "recovery/par2")
    said = told(sent, sent.out, other)
    assert f"damaged     {sent.out}/recovery/par2 (there is another copy of it" in said[1]
    spoil(other / "recovery/par2")
    assert len(told(sent, sent.out, other)) == 4


@pytest.mark.parametrize("text", ["", "rubbish\n", "0" * 64 + "  a", "0" * 64 + "  a\r\n"])
def test_a_damaged_list_is_named(sent: Transfer, text: str) -> None:
    (sent.out / "PARTS").write_text(text)
    assert f"damaged     {sent.out}/PARTS (not as the sender wrote it" in told(sent)[0]


def test_the_list_of_another_transfer_does_not_count(sent: Transfer) -> None:
    listed = sent.out / "PARTS"
    prefix = sent.parts[0].name.removesuffix(".001.part")
    listed.write_text(listed.read_text().replace(prefix, "demo-0123456789ab"))
    assert [line.partition(",")[0] for line in told(sent)] == [
        "missing     PARTS",
        "1 files beside the parts are not right",
    ]


def test_the_list_cannot_lead_out_of_the_folder(sent: Transfer, tmp_path: Path) -> None:
    (sent.out.parent / "secret").write_text("")
    with (sent.out / "PARTS").open("a") as listed:
        listed.write("0" * 64 + "  ../secret\n" + "0" * 64 + "  /etc/passwd\n")
    assert told(sent) == ["Checking 6 files beside the parts …"]


def test_it_is_told_beside_broken_parts_too(sent: Transfer) -> None:
    (path,) = sent.out.glob("*.vol0+1.par2")
    spoil(path)
    sent.parts[0].unlink()
    done = sent.run("verify")
    assert done.returncode == 1
    assert f"damaged     {path} (a recovery file" in done.stdout
    assert sent.receipt()[3:] == ["missing 1", "damaged none"]
