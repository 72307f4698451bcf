"""Uninstalling leaves nothing but the state, and with --purge not even that."""

import shutil
import subprocess
from pathlib import Path

from tests.host.bundle import Bundle, configure


def test_nothing_is_left_but_the_state(builder: Bundle) -> None:
    assert builder.run("up").returncode == 0
    configure(builder)
    done = builder.run("uninstall")
    assert done.returncode == 0, done.stderr
    for left in ("container-*", "network-*", "image"):
        assert not list(builder.docker.glob(left))
    assert (builder.state / "agentfabric/config/local_user/builder_config.json").exists()
    assert f'rm -rf "{builder.root}"' in done.stdout
    assert str(builder.state) in done.stdout
    assert builder.root.exists()


def purge(builder: Bundle, answer: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*builder.shell, str(builder.root / "airgap"), "uninstall", "--purge"],
        env=builder.environ({}),
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_purge_asks_for_the_name_and_then_removes_the_state_too(builder: Bundle) -> None:
    assert builder.run("up").returncode == 0
    work = configure(builder) / "closed"
    (work / "in it").mkdir(parents=True)
    work.chmod(0o500)
    aside = builder.state.with_name("demo-state.before-restore-20260101T000000")
    (aside / "agentfabric").mkdir(parents=True)
    shutil.copy(builder.state / ".airgap-made", aside)
    neighbour = builder.state.with_name("demo-state2")
    neighbour.mkdir()
    for answer in ("", "\n", "yes\n", "dem\n"):
        done = purge(builder, answer)
        assert done.returncode == 1
        assert "nothing was removed" in done.stderr
        assert list(builder.docker.glob("container-*"))
    done = purge(builder, "demo\n")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in builder.state.parent.iterdir()} == {"demo", "demo-state2"}
    assert not (builder.docker / "image").exists()


def test_purge_leaves_what_is_not_the_bundle_s(builder: Bundle) -> None:
    assert builder.run("up").returncode == 0
    (builder.state / "my thesis.txt").write_text("done")
    # The programs of this bundle would have made such a folder on a host with GPUs.
    (builder.state / "server").mkdir()
    (builder.state / "server" / "mine").write_text("work")
    aside = builder.state.with_name("demo-state.before-restore-20260101T000000")
    shutil.copytree(builder.state, aside)
    done = builder.run("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    for folder in (builder.state, aside):
        assert f"{folder} stays" in done.stdout
        assert {path.name for path in folder.iterdir()} == {"my thesis.txt", "server"}
        assert (folder / "server" / "mine").read_text() == "work"
    assert "  my thesis.txt\n  server\n" in done.stdout
    assert not (builder.docker / "image").exists()
    for folder in (builder.state, aside):
        shutil.rmtree(folder / "server")
        (folder / "my thesis.txt").unlink()
    assert builder.run("uninstall", "--purge", "--yes").returncode == 0
    assert not builder.state.exists()
    again = builder.run("uninstall", "--purge", "--yes")
    assert again.returncode == 0, again.stderr


def test_purge_leaves_what_was_there_before_the_bundle(builder: Bundle) -> None:
    mine = builder.state / "agentfabric" / "mine"
    mine.mkdir(parents=True)
    (builder.state / "passwords").write_text("alice:secret-words\n")
    assert builder.run("up").returncode == 0
    assert builder.run("uninstall", "--purge", "--yes").returncode == 0
    assert mine.is_dir()
    assert {path.name for path in builder.state.iterdir()} == {"agentfabric", "passwords"}


def test_purge_ends_where_the_state_folder_is_a_link(builder: Bundle, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    builder.state.symlink_to(tmp_path / "disk" / "state")
    assert builder.run("up").returncode == 0
    assert (tmp_path / "disk" / "state" / "agentfabric").is_dir()
    done = builder.run("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "disk").iterdir())


def test_an_image_that_is_used_does_not_keep_the_rest(builder: Bundle) -> None:
    assert builder.run("up").returncode == 0
    builder.docker_says("rm-error", "conflict: container 1234 uses it")
    assert "container 1234 uses it" in builder.fails("uninstall", "--purge", "--yes")
    assert not builder.state.exists()


def test_nobody_is_led_to_remove_the_state_who_did_not_ask_for_that(builder: Bundle) -> None:
    assert builder.run("up").returncode == 0
    builder.docker_says("rm-error", "conflict: container 1234 uses it")
    assert builder.fails("uninstall").endswith(f"then run again: {builder.root}/airgap uninstall\n")
    again = builder.fails("uninstall", "--purge", "--yes")
    assert again.endswith(f"then run again: {builder.root}/airgap uninstall --purge\n")


def test_other_arguments_are_refused(builder: Bundle) -> None:
    assert builder.run("uninstall", "--all").returncode == 2
