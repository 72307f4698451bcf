"""A kill at any moment loses nothing, and two runs at once do not mix."""

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from tests.airgap.transport.bundles import bytes_in, make_bundle, split_small
from tests.airgap.transport.received import receive
from tests.airgap.transport.running import run_split, start_split


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough that a run takes as long as the start of Python, with files across parts."""
    data = random.Random(3)
    files = {f"models/m/{n}": data.randbytes(9_000_000) for n in range(5)}
    files |= {f"wheelhouse/{n}": data.randbytes(2_000) for n in range(500)}
    return make_bundle(tmp_path_factory.mktemp("killed") / "bundle", files)


def written(out: Path) -> int:
    """Bytes that are in the folder now."""
    found = 0
    for path in out.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            found += path.stat().st_size
    return found


@pytest.mark.parametrize("group", [False, True], ids=["process", "group"])
def test_after_kills_at_any_moments_the_same_command_ends_with_the_same_bytes(
    bundle: Path, tmp_path: Path, group: bool
) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    split_small(bundle, whole, 2 << 20)
    moments = random.Random(group)
    shares = sorted(moments.uniform(0.02, 0.95) for _ in range(5))
    killed = 0
    for share in shares:
        with start_split(bundle, out, "2M") as process:
            while written(out) < share * written(whole) and process.poll() is None:
                time.sleep(0.001)
            if process.poll() is None:
                (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        # What has the name of a part is one.
        assert not receive(out).damaged
        assert not receive(out).strange
    # One that ends before it is looked at again is killed by nothing.
    assert killed
    assert run_split(bundle, out, "2M")[0] == 0
    assert bytes_in(out) == bytes_in(whole)


def test_ctrl_c_is_no_error_and_the_next_run_keeps_what_was_written(
    bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with start_split(bundle, out, "2M") as process:
        while not list(out.glob("*.005.part.partial")):
            time.sleep(0.001)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "run the same command again to go on" in process.stderr.read()
    assert process.returncode == 130
    (first,) = out.glob("*.001.part.partial")
    inode = first.stat().st_ino
    assert run_split(bundle, out, "2M")[0] == 0
    (first,) = out.glob("*.001.part")
    assert first.stat().st_ino == inode


def test_of_two_runs_at_once_one_is_refused_and_the_other_ends_well(
    bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    runs = [start_split(bundle, out, "2M") for _ in range(2)]
    said = [run.communicate()[1] for run in runs]
    codes = [run.returncode for run in runs]
    # The second may also have come when the first was done: then it has found all there.
    assert sorted(codes) in ([0, 0], [0, 1])
    for code, text in zip(codes, said, strict=True):
        assert (code == 1) == ("another run of the same command" in text)
    split_small(bundle, tmp_path / "whole", 2 << 20)
    assert bytes_in(out) == bytes_in(tmp_path / "whole")


def test_a_run_beside_another_is_told_what_to_do(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with start_split(bundle, out, "2M") as process:
        while not list(out.glob("*.002.part.partial")):
            time.sleep(0.001)
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(AirgapError, match="wait for it, or name another folder"):
                split_small(bundle, out, 2 << 20)
        finally:
            process.send_signal(signal.SIGKILL)
