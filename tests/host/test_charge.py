"""One command at a time changes something, and no command that was killed hinders the next."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.host.bundle import Bundle


def marks(bundle: Bundle) -> list[Path]:
    """The files by which commands see each other, beside a state folder or in it."""
    return [path for path in bundle.root.parent.rglob("*") if ".airgap-busy." in path.name]


@contextmanager
def held(bundle: Bundle, *command: str) -> Iterator["subprocess.Popen[str]"]:
    """A command that stands still after it has begun."""
    process = bundle.start(*command)
    until = time.monotonic() + 60
    while not any(mark.stat().st_size for mark in marks(bundle)):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=300)


COMMANDS = """load, up, run, start agent, stop agent, restart agent, rollback, prune, down,
restore x, uninstall, publish, unpublish agent, import x"""


def test_of_two_commands_the_second_is_refused_and_changes_nothing(bundle: Bundle) -> None:
    with held(bundle, "up") as first:
        for command in COMMANDS.split(","):
            said = bundle.fails(*command.split())
            assert f"another command is changing demo: process {first.pid}\n" in said, command
        assert f"进程 {first.pid}" in bundle.fails("down", LANG="zh_CN.UTF-8")
        assert bundle.run("status").returncode == 1
    assert first.returncode == 0
    assert bundle.run("down").returncode == 0
    assert not marks(bundle)


def test_after_a_kill_the_next_command_works(bundle: Bundle) -> None:
    with held(bundle, "up") as first:
        first.kill()
    (mark,) = marks(bundle)
    # Of another process, which has the number of one that ended.
    mark.with_name(f"demo-state.airgap-busy.{os.getpid()}.1").write_text("up")
    mine = mark.with_name("demo-state.airgap-busy.notes.txt")
    mine.touch()
    assert bundle.run("up").returncode == 0
    assert marks(bundle) == [mine]


def test_of_commands_that_begin_at_once_one_works(bundle: Bundle) -> None:
    assert bundle.run("up").returncode == 0
    begun = [bundle.start("restart", "agent") for _ in range(4)]
    said = [process.communicate(timeout=300)[1] for process in begun]
    codes = [process.returncode for process in begun]
    assert 0 in codes
    refused = [text for text, code in zip(said, codes, strict=True) if code]
    assert all("another command is changing demo" in text for text in refused)
    assert not marks(bundle)


def test_what_cannot_be_left_beside_the_state_folder_is_left_in_it(bundle: Bundle) -> None:
    """As where there is no right to write; here the name is too long for an ending."""
    long = {"AIRGAP_STATE_DIR": str(bundle.state.with_name("s" * 240))}
    there = Bundle(bundle.root, bundle.docker, bundle.shell, {**bundle.settings, **long})
    assert there.run("up").returncode == 0
    with held(there, "down") as first:
        assert f"process {first.pid}\n" in there.fails("up")
    assert there.run("uninstall", "--purge", "--yes").returncode == 0


def test_what_frees_a_full_disk_goes_on_without_a_mark(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = bundle.run("down", AIRGAP_STATE_DIR=str(tmp_path / "file" / "state"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
