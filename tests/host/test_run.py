"""run: in the foreground until Ctrl-C, or until a service ends by itself."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.host.bundle import Bundle, configure
from tests.host.test_upgrade import changed


@contextmanager
def running(builder: Bundle) -> Iterator["subprocess.Popen[str]"]:
    """``airgap run``, from when all is up."""
    with builder.start("run") as process:
        try:
            assert process.stdout
            while "Ctrl-C" not in process.stdout.readline():
                assert process.poll() is None
            yield process
        finally:
            process.terminate()


def goes_on(process: "subprocess.Popen[str]", seconds: float) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)


def test_run_ends_when_a_service_ends_by_itself_and_not_when_it_is_stopped(builder: Bundle) -> None:
    configure(builder)
    builder.run("publish", "cook")
    with running(builder) as process:
        builder.run("stop", "agentfabric")
        goes_on(process, 5)
        builder.docker_says("exit-airgap-demo-agent-cook", "1")
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'the published agent "cook" ended by itself' in complaint
    assert not list(builder.docker.glob("container-*"))


def test_the_end_of_run_leaves_another_version_that_serves(builder: Bundle) -> None:
    """Nothing of a version that gave way is there any more, so its ``run`` ends too."""
    newer, digest = changed(builder, "demo newer")
    with running(builder) as process:
        assert newer.run("up").returncode == 0
        before = builder.containers
        said, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (0, "")
    assert "Nothing of this version serves any more" in said
    assert builder.containers == before
    assert {known["labels"]["airgap.digest"] for known in before.values()} == {digest}


def test_ctrl_c_takes_down_what_run_brought_up_and_not_what_waits_for_a_switch(
    builder: Bundle,
) -> None:
    with running(builder) as process:
        waits = builder.containers["airgap-demo-server"]
        builder.has_container("airgap-demo-server.previous", waits)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert list(builder.containers) == ["airgap-demo-server.previous"]
    assert list(builder.docker.glob("network-*"))


def test_other_commands_work_beside_run(builder: Bundle) -> None:
    configure(builder)
    with running(builder):
        for command in (["publish", "cook"], ["restart", "agentfabric"], ["stop", "agentfabric"]):
            done = builder.run(*command)
            assert done.returncode == 0, done.stderr


def test_run_goes_on_when_another_container_takes_the_place_of_one(builder: Bundle) -> None:
    configure(builder)
    with running(builder) as process:
        builder.docker_says("exit-airgap-demo-agentfabric", "1")
        # Longer than between two looks.
        goes_on(process, 5)
        (builder.docker / "exit-airgap-demo-agentfabric").unlink()
        goes_on(process, 10)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
