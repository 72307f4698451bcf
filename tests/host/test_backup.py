"""A backup made while people work, and the way back to it."""

import os
import signal
import tarfile
import threading
import time
from pathlib import Path

import pytest

from tests.host.bundle import Bundle, configure
from tests.host.state import files
from tests.host.test_upgrade import changed


def folders(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()}


def test_what_was_there_is_back_and_what_came_later_is_put_aside(
    lived_in: Bundle, backup: Path
) -> None:
    state = lived_in.state
    before, before_folders = files(state), folders(state)
    made = configure(lived_in, instruction="Bake.")
    (made / "face.png").unlink()
    configure(lived_in, "bob")
    lived_in.run("password", "local_user")
    later = files(state)
    done = lived_in.run("restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert files(state) == before
    assert folders(state) == before_folders - {"pex"} | {
        name for name in folders(state) if name.startswith("pex")
    }
    assert (state / "versions").read_text() == "of this host"
    (aside,) = state.parent.glob("demo-state.before-restore-*")
    assert files(aside) == later
    assert str(aside) in done.stdout
    assert sorted(path.name for path in state.parent.iterdir()) == sorted(
        ["demo", "demo-state", aside.name]
    )


def test_services_that_run_are_started_again_on_the_restored_state(
    lived_in: Bundle, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.tar"
    assert lived_in.run("publish", "cook").returncode == 0
    assert lived_in.run("backup", str(backup)).returncode == 0
    lived_in.run("publish", "later")
    lived_in.run("unpublish", "cook")
    done = lived_in.run("restore", str(backup))
    assert done.returncode == 0, done.stderr
    names = {path.name for path in lived_in.docker.glob("container-*")}
    assert {"container-airgap-demo-server", "container-airgap-demo-agent-cook"} <= names
    assert "container-airgap-demo-agentfabric" not in names
    assert "container-airgap-demo-agent-later" not in names
    assert len(lived_in.calls("create", "--name", "airgap-demo-server")) == 1


def test_nothing_is_started_where_nothing_ran(lived_in: Bundle, backup: Path) -> None:
    assert lived_in.run("restore", str(backup)).returncode == 0
    assert not list(lived_in.docker.glob("container-*"))


def test_a_backup_brings_its_state_to_a_host_that_has_none(
    lived_in: Bundle, backup: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "other host" / "state"
    before = files(lived_in.state)
    done = lived_in.run("restore", str(backup), AIRGAP_STATE_DIR=str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert files(elsewhere) == before


def test_a_file_is_whole_though_it_changes_while_the_backup_is_made(
    lived_in: Bundle, tmp_path: Path
) -> None:
    folder = lived_in.state / "agentfabric" / "config" / "local_user"
    stop = threading.Event()

    def write(seconds: float) -> None:
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end and not stop.is_set():
            number += 1
            text = f"{number:08d}" * 200_000
            with (folder / "busy.txt").open("r+" if number > 1 else "w") as file:
                file.write(text)
            (folder / f"{number}.gone").touch()
            (folder / f"{number - 1}.gone").unlink(missing_ok=True)
            time.sleep(0.01)

    writer = threading.Thread(target=write, args=(1.5,))
    writer.start()
    try:
        while not (folder / "2.gone").exists():
            assert writer.is_alive()
            time.sleep(0.01)
        done = lived_in.run("backup", str(tmp_path / "busy.tar"))
    finally:
        stop.set()
        writer.join()
    assert done.returncode == 0, done.stderr
    assert lived_in.run("restore", str(tmp_path / "busy.tar")).returncode == 0
    text = (folder / "busy.txt").read_text()
    assert len(text) == 1_600_000
    assert len({text[at : at + 8] for at in range(0, len(text), 8)}) == 1
    assert len(list(folder.glob("*.gone"))) <= 2


def test_links_are_left_out_and_said(lived_in: Bundle, tmp_path: Path) -> None:
    work = lived_in.state / "agentfabric" / "code_interpreter" / "alice"
    work.mkdir(parents=True)
    (work / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(work / "pipe")
    done = lived_in.run("backup", str(tmp_path / "backup.tar"))
    assert "Not in it: 2 links" in done.stdout
    with tarfile.open(tmp_path / "backup.tar") as tar:
        assert all(member.isreg() or member.isdir() for member in tar)
        assert not [name for name in tar.getnames() if name.startswith(("pex", "versions"))]


@pytest.mark.parametrize("name", ["-", "--now", ""])
def test_a_backup_is_a_file_with_a_name(lived_in: Bundle, name: str) -> None:
    done = lived_in.run("backup", name)
    assert (done.returncode, done.stdout) == (2, "")


def test_nothing_is_overwritten_and_nothing_half_is_left(lived_in: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "there.tar"
    file.write_text("an older one")
    assert "is there already" in lived_in.fails("backup", str(file))
    assert file.read_text() == "an older one"
    assert "writing" in lived_in.fails("backup", str(tmp_path / "nowhere" / "backup.tar"))
    assert not list(tmp_path.glob("*airgap-new*"))


def test_a_backup_is_for_its_owner_s_eyes(lived_in: Bundle, backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0


def test_the_program_of_another_version_restores_nothing_below_the_one_that_serves(
    lived_in: Bundle, backup: Path
) -> None:
    assert lived_in.run("up").returncode == 0
    before, serving = files(lived_in.state), lived_in.containers
    other, _ = changed(lived_in, "demo newer")
    assert "another version serves" in other.fails("restore", str(backup))
    assert (files(lived_in.state), lived_in.containers) == (before, serving)


@pytest.mark.parametrize("name", ["demo-state.restoring", "demo-state.restored"])
def test_status_tells_what_a_killed_restore_has_left(
    lived_in: Bundle, backup: Path, name: str
) -> None:
    left = lived_in.state.with_name(name)
    left.mkdir()
    assert f"a restore that was ended has left {left}" in lived_in.run("status").stdout
    assert lived_in.run("restore", str(backup)).returncode == 0
    assert "was ended" not in lived_in.run("status").stdout


def test_purge_removes_a_state_that_was_restored(lived_in: Bundle, backup: Path) -> None:
    assert lived_in.run("restore", str(backup)).returncode == 0
    assert lived_in.run("uninstall", "--purge", "--yes").returncode == 0
    assert not lived_in.state.exists()


def test_a_restore_that_was_killed_between_the_two_is_finished_by_the_next_command(
    lived_in: Bundle, backup: Path
) -> None:
    state = lived_in.state
    before = files(state)
    # As a kill between the two renames leaves it.
    state.rename(state.with_name("demo-state.before-restore-x"))
    elsewhere = state.with_name("demo-state.restored")
    assert lived_in.run("restore", str(backup), AIRGAP_STATE_DIR=str(elsewhere)).returncode == 0
    done = lived_in.run("status")
    assert "a restore that was interrupted is finished now" in done.stderr
    assert files(state) == before
    assert not elsewhere.exists()


def steps(bundle: Bundle) -> int:
    """How often Docker was asked for something."""
    return (bundle.docker / "calls").read_text().count("\n")


def test_a_kill_at_any_moment_leaves_the_old_or_the_new(lived_in: Bundle, backup: Path) -> None:
    state = lived_in.state
    new = files(state)
    before = steps(lived_in)
    assert lived_in.run("restore", str(backup)).returncode == 0
    killed = 0
    for step in range(1, steps(lived_in) - before + 1):
        configure(lived_in, instruction=f"Bake until step {step}.")
        old = files(state)
        before = steps(lived_in)
        process = lived_in.start("restore", str(backup))
        while steps(lived_in) < before + step and process.poll() is None:
            time.sleep(0.01)
        # Of the whole session, or of the program alone: then what it started goes on for a while.
        (os.killpg if step % 2 else os.kill)(process.pid, signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        lived_in.run("status")
        assert files(state) in (old, new)
    assert killed
    assert lived_in.run("restore", str(backup)).returncode == 0
    assert files(state) == new
