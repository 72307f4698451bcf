"""Whatever stops a ``join``, the next one goes on, and the folder is the same in the end."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.kills import kill_after_lines, lines_of
from tests.host.processes import left_of, left_running, turn_of
from tests.host.test_join import same
from tests.host.transfer import Transfer
from tests.mounts import memory_disk


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "目标"


@pytest.mark.parametrize("load", [[], ["--load"]])
def test_killed_at_any_moment(transfer: Transfer, dest: Path, load: list[str]) -> None:
    def start() -> "subprocess.Popen[str]":
        return transfer.start("join", *load, dest)

    def is_right() -> bool:
        image = transfer.bundle / "image"
        left = image.rename(transfer.bundle.parent / "image") if load else None
        right = same(dest / "demo", transfer.bundle)
        if left:
            left.rename(image)
        return right

    def after() -> None:
        if (dest / "demo").exists():
            assert is_right()
            shutil.rmtree(dest)

    lines = lines_of(start)
    shutil.rmtree(dest)
    kill_after_lines(start, lines, after, seed=5)
    done = transfer.run("join", *load, dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_right()
    assert [path.name for path in dest.iterdir()] == ["demo"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_nothing_left_running(
    transfer: Transfer, dest: Path, tmp_path: Path, number: int
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    transfer = Transfer(
        transfer.bundle, transfer.out, transfer.shell, {**transfer.environ, "TMPDIR": str(scratch)}
    )
    # A busy machine may let it end first: then again.
    for _ in range(5):
        running = transfer.start("join", dest)
        # It is at work on the folder: parts are yet to be read and all files to be written.
        assert running.stdout is not None
        assert "Checking" in running.stdout.readline()
        os.killpg(running.pid, number)
        running.communicate(timeout=60)
        if running.returncode != 0:
            break
        shutil.rmtree(dest)
    assert running.returncode == 128 + number
    assert left_of(running.pid) == []
    assert list(scratch.iterdir()) == []
    assert not list(dest.glob("*.joining*"))
    assert transfer.run("join", dest).returncode == 0
    assert same(dest / "demo", transfer.bundle)


def test_a_signal_to_the_program_alone_does_not_wait_for_what_it_started(
    transfer: Transfer, tmp_path: Path
) -> None:
    """Hashing goes on for as long as nobody writes into this pipe."""
    tools = tmp_path / "tools"
    tools.mkdir()
    os.mkfifo(tools / "pipe")
    # What is large is a part, and not what is noted of it.
    (tools / "openssl").write_text(
        f'#!/bin/sh\n[ "$(stat -L -c %s /dev/stdin)" -lt 100000 ] ||'
        f' {{ echo >"{tools}/begun"; cat "{tools}/pipe"; }}\n'
        "exec sha256sum\n"
    )
    (tools / "openssl").chmod(0o755)
    path = f"{tools}:{transfer.environ['PATH']}"
    transfer = Transfer(
        transfer.bundle, transfer.out, transfer.shell, {**transfer.environ, "PATH": path}
    )
    for arguments in (["verify"], ["join", tmp_path / "dest"]):
        (tools / "begun").unlink(missing_ok=True)
        running = transfer.start(*arguments)
        while not (tools / "begun").exists():
            assert running.poll() is None, running.communicate()
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGTERM)
        running.communicate(timeout=60)
        assert running.returncode == 128 + signal.SIGTERM
        assert left_of(running.pid) == []


def test_what_is_there_is_not_written_again(transfer: Transfer, dest: Path) -> None:
    transfer.run("join", dest)
    partial = dest / ".demo.partial"
    (dest / "demo").rename(partial)
    kept = partial / "models/small/config.json"
    before = kept.stat()
    # A file that was cut, one that is damaged, one that is gone, and strays of another version.
    weights = partial / "models/small/weights 权重.safetensors"
    os.truncate(weights, 1000)
    (partial / "bundle.conf").write_bytes((partial / "bundle.conf").read_bytes()[::-1])
    (partial / "airgap").unlink()
    (partial / "pex/agent/config.json").unlink()
    (partial / "pex/agent/config.json").write_text("{}")
    (partial / "old 旧" / "folder").mkdir(parents=True)
    (partial / "old 旧" / "file").write_text("")
    done = transfer.run("join", dest)
    assert done.returncode == 0, done.stdout + done.stderr
    after = (dest / "demo/models/small/config.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert same(dest / "demo", transfer.bundle)
    assert not (dest / "demo" / "old 旧").exists()


def test_two_at_once_do_not_disturb_each_other(transfer: Transfer, dest: Path) -> None:
    runs = [transfer.start("join", dest) for _ in range(2)]
    said = [run.communicate(timeout=60)[1] for run in runs]
    codes = [run.returncode for run in runs]
    assert 0 in codes
    for code, text in zip(codes, said, strict=True):
        assert code == 0 or "wait until it has ended" in text
    assert transfer.run("join", dest).returncode == 0
    assert same(dest / "demo", transfer.bundle)


def test_a_second_one_is_refused_while_the_first_works(transfer: Transfer, dest: Path) -> None:
    dest.mkdir()
    with left_running("sleep", "60") as first:
        turn = dest / f".demo.joining.{turn_of(first.pid)}"
        turn.write_text("")
        said = transfer.fails("join", dest)
        assert f"another run (process {first.pid}) makes {dest}/demo" in said
        assert list(dest.iterdir()) == [turn]
        # The same process number at another time is another process.
        turn.rename(turn.with_suffix(f".{int(turn.suffix[1:]) - 1}"))
        assert transfer.run("join", dest).returncode == 0
    assert [path.name for path in dest.iterdir()] == ["demo"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with memory_disk(tmp_path / "disk", "size=8m") as disk:
        yield disk


def test_too_little_room_is_said_before_anything_is_written(
    transfer: Transfer, small_disk: Path
) -> None:
    (small_disk / "ballast").write_bytes(bytes(6_500_000))
    said = transfer.fails("join", small_disk / "dest")
    assert "not enough room" in said
    assert "Nothing was written" in said
    assert list((small_disk / "dest").iterdir()) == []
    (small_disk / "ballast").unlink()
    assert transfer.run("join", small_disk / "dest").returncode == 0


def test_a_disk_that_is_full_on_the_way(transfer: Transfer, small_disk: Path) -> None:
    if transfer.shell != ["dash"]:
        pytest.skip("busybox runs its own df")
    # A df that promises too much.
    tools = small_disk.parent / "tools"
    tools.mkdir()
    (tools / "df").write_text("#!/bin/sh\necho head\necho none 9 0 999999999 1% /\n")
    (tools / "df").chmod(0o755)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(6_500_000))
    path = f"{tools}:{transfer.environ['PATH']}"
    said = transfer.fails("join", small_disk / "dest", PATH=path)
    assert "needed: room on its disk" in said
    assert "which goes on" in said
    ballast.unlink()
    done = transfer.run("join", small_disk / "dest")
    assert done.returncode == 0, done.stderr
    assert same(small_disk / "dest" / "demo", transfer.bundle)


def test_a_disk_without_links_as_fat(transfer: Transfer, dest: Path, tmp_path: Path) -> None:
    if transfer.shell != ["dash"]:
        pytest.skip("busybox runs its own ln")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ln").write_text("#!/bin/sh\nexit 1\n")
    (tools / "ln").chmod(0o755)
    done = transfer.run("join", dest, PATH=f"{tools}:{transfer.environ['PATH']}")
    assert (done.returncode, done.stderr) == (0, "")
    joined = dest / "demo"
    assert not [path for path in joined.rglob("*") if path.is_symlink()]
    wheel = "pex/agent/wheel.whl"
    assert (joined / wheel).read_bytes() == (transfer.bundle / wheel).read_bytes()


def test_a_folder_that_cannot_be_written(transfer: Transfer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in transfer.fails("join", tmp_path / "file" / "dest")
    assert transfer.run("join").returncode == 2
    assert transfer.run("join", "--wrong").returncode == 2


def test_a_lost_part_is_said_with_a_receipt(transfer: Transfer, dest: Path) -> None:
    transfer.parts[3].unlink()
    done = transfer.run("join", dest, LANG="zh_CN.UTF-8")
    assert done.returncode == 1
    assert "missing 4\n" in done.stdout
    assert "缺少：4；损坏：none" in done.stderr
    assert not (dest / ".demo.partial").exists()


@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_part_that_goes_bad_on_the_way_is_named(
    transfer: Transfer, tmp_path: Path, dest: Path, how: str
) -> None:
    if transfer.shell != ["dash"]:
        pytest.skip("busybox runs its own tar")
    part = transfer.parts[3]
    spoil = f'truncate -s 20000 "{part}"' if how == "cut" else f'rm -f "{part}"'
    tools = tmp_path / "tools"
    tools.mkdir()
    # The parts were checked before tar begins.
    (tools / "tar").write_text(f'#!/bin/sh\n{spoil}\nexec /usr/bin/tar "$@"\n')
    (tools / "tar").chmod(0o755)
    path = f"{tools}:{transfer.environ['PATH']}"
    said = transfer.fails("join", dest, PATH=path)
    assert f"unread      part 4: {part} (" in said
    assert "which goes on" in said
    assert not (dest / "demo").exists()


def test_of_a_part_that_changes_on_the_way_is_said_what_came_of_it(
    transfer: Transfer, tmp_path: Path, dest: Path
) -> None:
    if transfer.shell != ["dash"]:
        pytest.skip("busybox runs its own tar")
    part = transfer.parts[3]
    tools = tmp_path / "tools"
    tools.mkdir()
    change = f'printf XXXX | dd of="{part}" bs=1 seek=100000 conv=notrunc 2>/dev/null'
    (tools / "tar").write_text(f'#!/bin/sh\n{change}\nexec /usr/bin/tar "$@"\n')
    (tools / "tar").chmod(0o755)
    done = transfer.run("join", dest, PATH=f"{tools}:{transfer.environ['PATH']}")
    assert done.returncode == 1
    assert "They were taken out of part " in done.stdout
    assert "4" in done.stdout.rpartition("out of part ")[2] or "3-" in done.stdout
    assert not (dest / "demo").exists()
