"""Whatever stops an ``apply``, the older bundle is as it was and the next run goes on."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.bundle import Bundle
from tests.host.delta import Upgrade, upgrade_of
from tests.host.kills import kill_after_lines, lines_of
from tests.host.processes import left_of
from tests.host.test_join import tree
from tests.mounts import memory_disk


@pytest.fixture
def upgrade(bundle: Bundle, tmp_path: Path) -> Upgrade:
    upgrade = upgrade_of(bundle, tmp_path)
    upgrade.carry()
    return upgrade


def start(upgrade: Upgrade, *options: str | Path, **environ: str) -> "subprocess.Popen[str]":
    return upgrade.old.start("apply", upgrade.medium, *options, **environ)


def left_beside(upgrade: Upgrade) -> set[str]:
    """What is in the folder of the bundles, but for them."""
    names = set(os.listdir(upgrade.old.root.parent))
    return names - {upgrade.old.root.name, upgrade.applied.name}


def test_killed_at_any_moment(upgrade: Upgrade) -> None:
    before = tree(upgrade.old.root)

    def after() -> None:
        assert tree(upgrade.old.root) == before
        if upgrade.applied.exists():
            assert upgrade.is_applied()
            shutil.rmtree(upgrade.applied)

    lines = lines_of(lambda: start(upgrade))
    after()
    kill_after_lines(lambda: start(upgrade), lines, after, seed=6)
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert (done.returncode, done.stderr) == (0, "")
    assert upgrade.is_applied()
    assert tree(upgrade.old.root) == before
    assert left_beside(upgrade) == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_nothing_left_running(
    upgrade: Upgrade, tmp_path: Path, number: int
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # A busy machine may let it end first: then again.
    for _ in range(5):
        running = start(upgrade, TMPDIR=str(scratch))
        assert running.stdout is not None
        while "Taking " not in running.stdout.readline():
            assert running.poll() is None
        os.killpg(running.pid, number)
        running.communicate(timeout=60)
        if running.returncode != 0:
            break
        shutil.rmtree(upgrade.applied)
    assert running.returncode == 128 + number
    assert left_of(running.pid) == []
    assert list(scratch.iterdir()) == []
    assert upgrade.old.run("apply", str(upgrade.medium)).returncode == 0
    assert upgrade.is_applied()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_does_not_wait_for_a_copy_nor_does_the_next_run(
    upgrade: Upgrade, small_disk: Path, number: int
) -> None:
    """The copying goes on for as long as somebody has this pipe open."""
    if upgrade.old.shell != ["dash"]:
        pytest.skip("busybox runs its own cp")
    tools = small_disk.parent / "tools"
    tools.mkdir()
    os.mkfifo(tools / "pipe")
    (tools / "cp").write_text(
        f'#!/bin/bash\nexec -a cp /usr/bin/cp -- "{tools}/pipe" "${{@: -1}}/begun"\n'
    )
    (tools / "cp").chmod(0o755)
    path = f"{tools}:{upgrade.old.environ({})['PATH']}"
    running = start(upgrade, "--to", small_disk, PATH=path)
    while not (pipe := open_if_read(tools / "pipe")):
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    os.kill(running.pid, number)
    assert running.wait(timeout=60) == (128 + number if number == signal.SIGTERM else -number)
    assert number == signal.SIGKILL or left_of(running.pid) == []
    done = upgrade.old.run("apply", str(upgrade.medium), "--to", str(small_disk))
    assert (done.returncode, done.stderr) == (0, "")
    assert left_of(running.pid) == []
    assert [path.name for path in small_disk.iterdir()] == [upgrade.applied.name]
    assert tree(small_disk / upgrade.applied.name) == tree(upgrade.new.root)
    os.close(pipe)


def open_if_read(pipe: Path) -> int:
    """The end of a pipe for writing, or 0 while nobody reads it; see fifo(7)."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return 0


def test_what_is_there_is_kept_and_what_is_wrong_in_it_made_anew(upgrade: Upgrade) -> None:
    before = tree(upgrade.old.root)
    upgrade.old.run("apply", str(upgrade.medium))
    partial = upgrade.applied.with_name(f".{upgrade.applied.name}.partial")
    upgrade.applied.rename(partial)
    weights = partial / "models/small/weights 权重.safetensors"
    kept = weights.stat()
    (partial / "image/blobs/sha256/copy").unlink()
    (partial / "agents/example/knowledge.txt").unlink()  # It is the older bundle's file too.
    (partial / "agents/example/knowledge.txt").write_text("a lie!")
    (partial / "stray").write_text("")
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 0, done.stdout + done.stderr
    assert upgrade.is_applied()
    now = (upgrade.applied / "models/small/weights 权重.safetensors").stat()
    assert (now.st_ino, now.st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)
    assert tree(upgrade.old.root) == before


def test_two_at_once_do_not_disturb_each_other(upgrade: Upgrade) -> None:
    runs = [start(upgrade) for _ in range(2)]
    said = [run.communicate(timeout=60)[1] for run in runs]
    assert 0 in [run.returncode for run in runs]
    for run, text in zip(runs, said, strict=True):
        assert run.returncode == 0 or "wait until it has ended" in text
    assert upgrade.old.run("apply", str(upgrade.medium)).returncode == 0
    assert upgrade.is_applied()
    assert left_beside(upgrade) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with memory_disk(tmp_path / "disk", "size=8m") as disk:
        yield disk


def test_too_little_room_is_said_before_anything_is_written(
    upgrade: Upgrade, small_disk: Path
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(7_000_000))
    said = upgrade.old.fails("apply", str(upgrade.medium), "--to", str(small_disk / "dest"))
    assert "not enough room" in said
    assert list((small_disk / "dest").iterdir()) == []
    ballast.unlink()
    done = upgrade.old.run("apply", str(upgrade.medium), "--to", str(small_disk / "dest"))
    assert done.returncode == 0, done.stderr
    # There is no second name on another disk.
    assert tree(small_disk / "dest" / upgrade.applied.name) == tree(upgrade.new.root)


@pytest.mark.parametrize("free", [200_000, 1_000_000])
def test_a_disk_that_is_full_on_the_way(upgrade: Upgrade, small_disk: Path, free: int) -> None:
    if upgrade.old.shell != ["dash"]:
        pytest.skip("busybox runs its own df")
    # A df that promises too much.
    tools = small_disk.parent / "tools"
    tools.mkdir()
    (tools / "df").write_text("#!/bin/sh\necho head\necho none 9 0 999999999 1% /\n")
    (tools / "df").chmod(0o755)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes((8 << 20) - free))
    path = f"{tools}:{upgrade.old.environ({})['PATH']}"
    to = ["apply", str(upgrade.medium), "--to", str(small_disk / "dest")]
    said = upgrade.old.fails(*to, PATH=path)
    assert "needed: room on its disk" in said
    assert "which goes on" in said
    ballast.unlink()
    assert upgrade.old.run(*to).returncode == 0
    assert tree(small_disk / "dest" / upgrade.applied.name) == tree(upgrade.new.root)


def test_a_disk_without_links_as_fat(upgrade: Upgrade, tmp_path: Path) -> None:
    if upgrade.old.shell != ["dash"]:
        pytest.skip("busybox runs its own ln")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ln").write_text("#!/bin/sh\nexit 1\n")
    (tools / "ln").chmod(0o755)
    path = f"{tools}:{upgrade.old.environ({})['PATH']}"
    done = upgrade.old.run("apply", str(upgrade.medium), PATH=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert not [found for found in upgrade.applied.rglob("*") if found.is_symlink()]
    link = "pex/link"
    assert (upgrade.applied / link).read_bytes() == (upgrade.new.root / link).read_bytes()
    new = Bundle(upgrade.applied, upgrade.old.docker, upgrade.old.shell, upgrade.old.settings)
    assert new.run("verify").returncode == 0
