"""``airgap-parts repair`` makes lost and damaged parts anew and changes nothing that came."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from airgap.cli import default_store
from airgap.errors import AirgapError
from airgap.fetch.debs import fetch_debs
from airgap.fetch.progress import Progress
from airgap.locks import debian
from airgap.store import Store
from airgap.transport.contents import read_contents
from airgap.transport.transfer import write_transfer
from tests.host.bundle import HOST
from tests.host.kills import kill_after_lines, lines_of
from tests.host.processes import left_of, left_running, turn_of
from tests.host.transfer import Transfer
from tests.mounts import memory_disk

ROOT = HOST.parents[1]


@pytest.fixture
def kept_store() -> Store:
    """The store of this machine, so that the packages are fetched once."""
    store = Store(default_store())
    lock = ROOT / "third_party/debian/par2.lock"
    try:
        fetch_debs(store, debian.parse(lock.read_text(), lock.name), Progress())
    except AirgapError as error:
        if os.environ.get("AIRGAP_E2E_REQUIRED"):
            raise
        pytest.skip(f"the packages of par2 cannot be had: {error}")
    return store


@pytest.fixture
def recoverable(transfer: Transfer, kept_store: Store) -> Transfer:
    """The transfer with recovery files for two parts."""
    shutil.rmtree(transfer.out)
    transfer.out.mkdir()
    contents = read_contents(transfer.bundle)
    write_transfer(kept_store, ROOT, contents, contents.tree, transfer.out, 262_148, volumes=2)
    return transfer


def lose(part: Path) -> bytes:
    """Removes a part; what was in it."""
    content = part.read_bytes()
    part.unlink()
    return content


def damage(part: Path) -> None:
    content = bytearray(part.read_bytes())
    content[-600] ^= 1
    part.write_bytes(content)


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_lost_and_a_damaged_part(recoverable: Transfer, tmp_path: Path) -> None:
    parts = recoverable.parts
    originals = [lose(parts[2]), parts[4].read_bytes()]
    damage(parts[4])
    # Under a wrong name a part is what it is.
    parts[0].rename(recoverable.out / "first")
    before = listing(recoverable.out)
    work = tmp_path / "work 修"
    done = recoverable.run("repair", "--to", work)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert listing(recoverable.out) == before
    assert listing(work) == {parts[2].name: originals[0], parts[4].name: originals[1]}
    assert [path.name for path in work.iterdir() if not path.is_file()] == []
    joined = recoverable.run("join", tmp_path / "dest", recoverable.out, work)
    assert joined.returncode == 0, joined.stderr
    assert (tmp_path / "dest/demo/MANIFEST").is_file()


def test_too_little_room_is_said_before_anything_is_written(
    recoverable: Transfer, tmp_path: Path
) -> None:
    lose(recoverable.parts[2])
    before = listing(recoverable.out)
    with memory_disk(tmp_path / "disk", "size=100k") as disk:
        said = recoverable.fails("repair", "--to", disk / "work")
        assert f"repairing into {disk}/work: not enough room" in said
        assert "needed: 262.1 kB; free: 102.4 kB" in said
        assert list((disk / "work").iterdir()) == []
    assert listing(recoverable.out) == before


def test_a_part_whose_header_is_damaged_still_helps(recoverable: Transfer) -> None:
    # One block of eight in each of four parts; the blocks of two parts are there to replace them.
    for part in recoverable.parts[:4]:
        content = bytearray(part.read_bytes())
        content[20] ^= 1
        part.write_bytes(content)
    done = recoverable.run("repair")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert len(listing(recoverable.out / "repaired")) == 4


def test_too_much_is_lost(recoverable: Transfer, tmp_path: Path) -> None:
    for part in recoverable.parts[2:6]:
        part.unlink()
    said = recoverable.fails("repair", "--to", tmp_path / "work")
    assert "do not suffice, by 2 or more parts" in said
    assert list((tmp_path / "work").iterdir()) == []


def test_a_repair_that_was_cut_begins_again(recoverable: Transfer, tmp_path: Path) -> None:
    lost = recoverable.parts[3]
    content = lose(lost)
    left = tmp_path / "work" / ".repair"
    left.mkdir(parents=True)
    (left / lost.name).write_bytes(content[:1000])
    done = recoverable.run("repair", "--to", tmp_path / "work")
    assert done.returncode == 0, done.stdout + done.stderr
    assert listing(tmp_path / "work") == {lost.name: content}
    assert not left.exists()


def test_a_damaged_program_of_the_medium_is_not_run(recoverable: Transfer, tmp_path: Path) -> None:
    recoverable.parts[3].unlink()
    damage(recoverable.out / "recovery" / "par2")
    said = recoverable.fails("repair", "--to", tmp_path / "work")
    assert "no whole folder recovery/" in said


def test_nothing_to_repair(transfer: Transfer) -> None:
    done = transfer.run("repair")
    assert done.returncode == 0
    assert "there is nothing to repair" in done.stdout


def test_nothing_to_repair_with(transfer: Transfer) -> None:
    transfer.parts[0].unlink()
    assert "no whole folder recovery/" in transfer.fails("repair")
    assert transfer.run("repair", "--to").returncode == 2


def test_what_came_is_never_where_repaired_parts_go(transfer: Transfer) -> None:
    damage(transfer.parts[1])
    before = listing(transfer.out)
    said = transfer.fails("repair", "--to", transfer.out, transfer.out)
    assert "what came is not changed" in said
    assert {**listing(transfer.out), "receipt.txt": b""} == {**before, "receipt.txt": b""}


def test_a_second_one_is_refused_while_the_first_works(transfer: Transfer, tmp_path: Path) -> None:
    transfer.parts[1].unlink()
    work = tmp_path / "work"
    work.mkdir()
    with left_running("sleep", "60") as first:
        (work / f".repairing.{turn_of(first.pid)}").write_text("")
        said = transfer.fails("repair", "--to", work)
        assert f"another run (process {first.pid}) makes {work}" in said


def test_where_temporary_files_cannot_be_run(recoverable: Transfer, tmp_path: Path) -> None:
    lost = recoverable.parts[3]
    content = lose(lost)
    work = tmp_path / "work"
    with memory_disk(tmp_path / "scratch", "noexec") as scratch:
        done = recoverable.run("repair", "--to", work, TMPDIR=str(scratch))
        assert done.returncode == 0, done.stdout + done.stderr
        assert listing(work) == {lost.name: content}
        # Where the other folder is no better it is said what is needed.
        said = recoverable.fails("repair", "--to", scratch / "work", TMPDIR=str(scratch))
        assert "whose disk lets programs run" in said
        assert list((scratch / "work").iterdir()) == []


def test_two_at_once_do_not_disturb_each_other(recoverable: Transfer, tmp_path: Path) -> None:
    lost = recoverable.parts[3]
    content = lose(lost)
    work = tmp_path / "work"
    runs = [recoverable.start("repair", "--to", work) for _ in range(2)]
    said = [run.communicate(timeout=120)[1] for run in runs]
    codes = [run.returncode for run in runs]
    assert 0 in codes
    for code, text in zip(codes, said, strict=True):
        assert code == 0 or "wait until it has ended" in text
    assert listing(work) == {lost.name: content}


def test_killed_at_any_moment(recoverable: Transfer, tmp_path: Path) -> None:
    lost = [recoverable.parts[2], recoverable.parts[5]]
    contents = {path.name: lose(path) for path in lost}
    before = listing(recoverable.out)
    work = tmp_path / "work"

    def start() -> "subprocess.Popen[str]":
        return recoverable.start("repair", "--to", work)

    def after() -> None:
        assert listing(recoverable.out) == before
        for name, content in contents.items():
            # What has the name of a part is one.
            assert not (work / name).exists() or (work / name).read_bytes() == content
            (work / name).unlink(missing_ok=True)

    lines = lines_of(start)
    after()
    kill_after_lines(start, lines, after, seed=7)
    done = recoverable.run("repair", "--to", work)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert listing(work) == contents
    assert [path.name for path in work.iterdir() if not path.is_file()] == []


def test_what_a_stopped_run_has_made_counts(recoverable: Transfer, tmp_path: Path) -> None:
    lost = [recoverable.parts[n] for n in (1, 3, 5)]
    contents = {path.name: lose(path) for path in lost}
    work = tmp_path / "work"
    (work / ".repair").mkdir(parents=True)
    # Three are lost and two can be made; of those that a stopped run made one was cut.
    (work / lost[0].name).write_bytes(contents[lost[0].name])
    (work / lost[1].name).write_bytes(contents[lost[1].name][:9000])
    done = recoverable.run("repair", "--to", work)
    assert done.returncode == 0, done.stdout + done.stderr
    assert listing(work) == contents
    done = recoverable.run("repair", "--to", work)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"are here and right, some of them in {work}" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_nothing_left(
    recoverable: Transfer, tmp_path: Path, number: int
) -> None:
    recoverable.parts[3].unlink()
    work = tmp_path / "work"
    running = recoverable.start("repair", "--to", work)
    assert running.stdout is not None
    while "par2 reads all" not in running.stdout.readline():
        assert running.poll() is None
    os.killpg(running.pid, number)
    running.communicate(timeout=60)
    assert running.returncode in (0, 128 + number)
    assert left_of(running.pid) == []
    assert [path for path in work.iterdir() if path.suffix != ".part"] == []
    assert recoverable.run("repair", "--to", work).returncode == 0


def test_a_par2_that_outlived_its_run_is_ended(recoverable: Transfer, tmp_path: Path) -> None:
    """It would write among what the next run works on."""
    recoverable.parts[3].unlink()
    work = tmp_path / "work"
    work.mkdir()
    loader = recoverable.out / "recovery/ld-linux-x86-64.so.2"
    libraries = tmp_path / "library"
    shutil.copytree(recoverable.out / "recovery", libraries)
    # It waits for what nobody writes.
    pipe = work / "pipe.par2"
    os.mkfifo(pipe)
    shutil.copy("/bin/cat", libraries / "par2")
    (tmp_path / "repair").write_text("")
    par2: list[str | Path] = [
        loader,
        "--library-path",
        libraries,
        libraries / "par2",
        "repair",
        pipe,
    ]
    with left_running(*par2, folder=tmp_path) as left:
        (work / f".repairing.{turn_of(left.pid)}.tar").write_text("")
        assert recoverable.run("repair", "--to", work).returncode == 0
        assert left.wait(10) == -signal.SIGKILL
