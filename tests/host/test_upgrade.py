"""Another version of the bundle takes the place of the one that serves, and back."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.host.bundle import Bundle, has

SERVICES = ("airgap-demo-agent", "airgap-demo-server")


def versions(bundle: Bundle) -> list[tuple[str, Path]]:
    """Digest and folder of each version that STATE_DIR remembers."""
    head, *lines = (bundle.state / "versions").read_text().splitlines()
    assert head == "airgap-versions 1"
    words = [line.split(" ", 3) for line in lines]
    return [(digest, Path(folder)) for digest, _, _, folder in words]


def serving(bundle: Bundle) -> set[str]:
    """The digests of what runs, all of it under the services' own names."""
    found = bundle.containers
    assert tuple(found) == SERVICES
    assert all(known["running"] for known in found.values())
    return {known["labels"]["airgap.digest"] for known in found.values()}


def changed(bundle: Bundle, name: str) -> tuple[Bundle, str]:
    """Another version of the bundle in a folder beside it, and its digest."""
    root = bundle.root.with_name(name)
    shutil.copytree(bundle.root, root)
    (root / "README.txt").write_text(name)
    other = Bundle(root, bundle.docker, bundle.shell, bundle.settings)
    return other, other.write_manifest()


def interrupted(bundle: Bundle, command: str, number: int) -> tuple[int, str]:
    """``airgap up``; its first call of Docker's ``command`` brings all its processes a signal.

    Returns its exit code and its errors.
    """
    bundle.docker_says(f"signal-{command}", str(int(number)))
    process = bundle.start("up")
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


@pytest.fixture
def old(bundle: Bundle) -> str:
    """The bundle's digest, while it is up."""
    digest = bundle.write_manifest()
    assert bundle.run("up").returncode == 0
    return digest


@pytest.fixture
def newer(bundle: Bundle, old: str) -> tuple[Bundle, str]:
    return changed(bundle, "demo newer 新")


def test_the_new_version_serves_and_the_one_before_is_remembered(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    done = newer[0].run("up")
    assert done.returncode == 0, done.stderr
    assert serving(bundle) == {newer[1]}
    assert versions(bundle) == [(old, bundle.root), (newer[1], newer[0].root)]
    assert f"Version before: bundle {old}" in done.stdout
    status = newer[0].run("status").stdout
    assert f"{newer[1]} in {newer[0].root}" in status
    assert f"{old} in {bundle.root}" in status


def test_the_old_containers_stay_until_the_new_ones_answer(
    bundle: Bundle, newer: tuple[Bundle, str]
) -> None:
    newer[0].run("up")
    calls = bundle.calls()
    (removal,) = (i for i, call in enumerate(calls) if call[0] == "rm")
    assert calls[removal][2:] == [f"{name}.previous" for name in SERVICES]
    stop = calls.index(["stop", "-t", "10", *calls[removal][2:]])
    renames = [i for i, call in enumerate(calls) if call[0] == "rename"]
    creates = [i for i, call in enumerate(calls) if call[0] == "create"][2:]
    answers = max(i for i, call in enumerate(calls) if call[0] == "exec")
    assert max(renames) < stop < min(creates) < answers < removal


@pytest.mark.parametrize("fault", ["exit-airgap-demo-agent", "create-error"])
def test_a_version_that_does_not_come_up_leaves_the_old_one_serving(
    bundle: Bundle, old: str, newer: tuple[Bundle, str], fault: str
) -> None:
    before = bundle.containers
    bundle.docker_says(fault, "1")
    stderr = newer[0].fails("up")
    assert f"The version before is started again and goes on: bundle {old}" in stderr
    assert bundle.containers == before
    assert versions(bundle) == [(old, bundle.root)]
    assert list(bundle.docker.glob("network-*"))


def test_the_old_version_goes_on_though_no_file_can_be_made_any_more(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    before = bundle.containers
    full = bundle.docker / "mktemp"
    full.write_text(
        f'#!/bin/sh\nfor waits in "{bundle.docker}"/*.previous; do\n'
        f'    [ ! -e "$waits" ] || exit 1\ndone\nexec {shutil.which("mktemp")} "$@"\n'
    )
    full.chmod(0o755)
    bundle.docker_says("exit-airgap-demo-agent", "1")
    assert "is started again and goes on" in newer[0].fails("up")
    assert bundle.containers == before


@pytest.mark.parametrize("command", ["rename", "stop", "start"])
def test_ctrl_c_leaves_the_old_version_serving(
    bundle: Bundle, old: str, newer: tuple[Bundle, str], command: str
) -> None:
    before = bundle.containers
    code, errors = interrupted(newer[0], command, signal.SIGINT)
    assert code == 130, errors
    assert bundle.containers == before


@pytest.mark.parametrize(
    ("command", "then"),
    [
        *(("rename", then) for then in ("up", "old up", "rollback", "down")),
        *(("start", then) for then in ("up", "old up", "rollback", "down")),
        ("update", "rollback"),
    ],
)
def test_after_a_kill_the_next_command_knows_what_to_do(
    bundle: Bundle, old: str, newer: tuple[Bundle, str], command: str, then: str
) -> None:
    code, _ = interrupted(newer[0], command, signal.SIGKILL)
    assert code == -signal.SIGKILL
    status = newer[0].run("status")
    assert status.returncode == 1
    assert "was interrupted" in status.stdout
    program = bundle if then == "old up" else newer[0]
    done = program.run(then.removeprefix("old "))
    assert done.returncode == 0, done.stderr
    if then == "down":
        assert bundle.containers == {}
    else:
        assert serving(bundle) == {newer[1] if then == "up" else old}
    assert "was interrupted" not in newer[0].run("status").stdout


def test_a_kill_after_the_new_version_came_up_leaves_only_the_clearing(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    newer[0].run("up")
    for name in SERVICES:
        left = bundle.containers[name]
        left["labels"] = {**left["labels"], "airgap.digest": old}
        bundle.has_container(f"{name}.previous", {**left, "running": False})
    assert "was interrupted" not in newer[0].run("status").stdout
    made = len(bundle.calls("create"))
    assert newer[0].run("up").returncode == 0
    assert serving(bundle) == {newer[1]}
    assert len(bundle.calls("create")) == made
    assert not list(bundle.docker.glob("*.previous"))


def test_after_a_power_cut_single_services_wait_for_one_version(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    assert interrupted(newer[0], "stop", signal.SIGKILL)[0] == -signal.SIGKILL
    for command in ("start", "restart"):
        assert "was interrupted" in bundle.fails(command, "agent")
    assert set(bundle.containers) == {f"{name}.previous" for name in SERVICES}


@pytest.mark.parametrize("program", ["old", "newer"])
def test_what_was_made_beside_containers_that_wait_is_no_hindrance(
    bundle: Bundle, old: str, newer: tuple[Bundle, str], program: str
) -> None:
    """As an older program's ``start`` did after a switch that a power cut ended."""
    before = bundle.containers
    assert interrupted(newer[0], "stop", signal.SIGKILL)[0] == -signal.SIGKILL
    name = SERVICES[0]
    bundle.has_container(name, before[name])
    done = (bundle if program == "old" else newer[0]).run("up")
    assert done.returncode == 0, done.stderr
    assert "An earlier switch was interrupted" in done.stdout
    assert serving(bundle) == {old if program == "old" else newer[1]}


def test_rollback_goes_there_and_back_with_one_state(
    bundle: Bundle, old: str, newer: tuple[Bundle, str], tmp_path: Path
) -> None:
    state = {"AIRGAP_STATE_DIR": str(tmp_path / "状态 elsewhere")}
    bundle.run("down")
    bundle.run("up", **state)
    newer[0].run("up", **state)
    done = newer[0].run("rollback", LANG="zh_CN.UTF-8", **state)
    assert done.returncode == 0, done.stderr
    assert "已启动" in done.stdout
    assert serving(bundle) == {old}
    assert has(
        bundle.created("agent"),
        f'type=bind,"source={state["AIRGAP_STATE_DIR"]}/agent",target=/state',
    )
    assert bundle.run("rollback", **state).returncode == 0
    assert serving(bundle) == {newer[1]}


def test_rollback_after_down(bundle: Bundle, old: str, newer: tuple[Bundle, str]) -> None:
    newer[0].run("up")
    newer[0].run("down")
    assert newer[0].run("rollback").returncode == 0
    assert serving(bundle) == {old}


def test_rollback_where_nothing_was_before(bundle: Bundle, old: str) -> None:
    assert "no version before" in bundle.fails("rollback")


def test_rollback_where_the_new_version_took_the_folder(bundle: Bundle, old: str) -> None:
    (bundle.root / "README.txt").write_text("in place")
    digest = bundle.write_manifest()
    assert bundle.run("up").returncode == 0
    stderr = bundle.fails("rollback")
    assert f"found: bundle {digest} has taken its place" in stderr
    assert serving(bundle) == {digest}


def test_rollback_where_the_old_folder_was_moved(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    newer[0].run("up")
    bundle.root.rename(bundle.root.with_name("moved"))
    assert f"is no longer in {bundle.root}" in newer[0].fails("rollback")
    assert serving(bundle) == {newer[1]}


def test_rollback_where_the_old_image_is_nowhere(bundle: Bundle, newer: tuple[Bundle, str]) -> None:
    newer[0].run("up")
    (bundle.docker / "image").unlink()
    shutil.rmtree(bundle.root / "image")
    assert f"there is no folder {bundle.root}/image" in newer[0].fails("rollback")
    assert serving(bundle) == {newer[1]}


def test_another_state_folder_is_no_switch_but_a_mistake(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    stderr = newer[0].fails("up", AIRGAP_STATE_DIR="../elsewhere")
    assert f"keeps its state in {bundle.state}" in stderr
    assert serving(bundle) == {old}


def test_settings_that_were_left_behind_are_missed(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    (bundle.root / "airgap.conf").write_text("AGENT_MEMORY=5g\n")
    assert f"has settings in {bundle.root}/airgap.conf" in newer[0].fails("up")
    assert serving(bundle) == {old}
    shutil.copy(bundle.root / "airgap.conf", newer[0].root)
    assert newer[0].run("up").returncode == 0
    # Going back is to what was, with or without a file.
    (bundle.root / "airgap.conf").unlink()
    assert newer[0].run("rollback").returncode == 0


def test_single_services_are_the_business_of_the_version_that_serves(
    bundle: Bundle, old: str, newer: tuple[Bundle, str]
) -> None:
    for command in ("start", "restart"):
        assert f"another version serves: bundle {old}" in newer[0].fails(command, "agent")


def test_containers_of_a_program_that_did_not_label_them(
    bundle: Bundle, newer: tuple[Bundle, str]
) -> None:
    for name, known in bundle.containers.items():
        labels = {k: v for k, v in known["labels"].items() if k in ("airgap.bundle", "airgap.run")}
        bundle.has_container(name, {**known, "labels": labels})
    (bundle.state / "versions").unlink()
    assert newer[0].run("up").returncode == 0
    assert serving(bundle) == {newer[1]}
    assert versions(bundle) == [(newer[1], newer[0].root)]
