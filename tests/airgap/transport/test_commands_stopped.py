"""Each command that writes, killed at any of its steps, ends in the next run as if nothing was."""

import os
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import minisign  # type: ignore[import-untyped]
import pytest

from airgap.cli import default_store, main
from airgap.store import Store
from tests.airgap.transport.bundles import bytes_in, make_bundle, split_small
from tests.airgap.transport.effort import examples
from tests.airgap.transport.running import kill_at, run, start, steps_of
from tests.airgap.transport.test_delta import write_inventory
from tests.airgap.transport.test_parity import kept_store
from tests.airgap.transport.test_receipt import receipt

__all__ = ["kept_store"]

BOTH = pytest.mark.parametrize("group", [False, True], ids=["process", "group"])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = random.Random(8)
    files = {f"models/m/{n}": data.randbytes(300_000) for n in range(3)}
    return make_bundle(tmp_path_factory.mktemp("stopped") / "bundle", {"here": b"1", **files})


@dataclass(frozen=True)
class Command:
    """What is run.

    Attributes:
        arguments: Those before the folder that it writes.
        folder: Where it writes.
        store: The store that it uses.
    """

    arguments: tuple[str | Path, ...]
    folder: Path
    store: Path

    def steps(self) -> int:
        return steps_of(*self.arguments, self.folder, folder=self.folder, store=self.store)

    def kill(self, step: int, group: bool) -> bool:
        arguments = [*self.arguments, self.folder]
        return kill_at(step, *arguments, folder=self.folder, store=self.store, group=group)

    def run(self) -> tuple[int, str, str]:
        return run(*self.arguments, self.folder, store=self.store)

    def is_kill_safe(self, moments: int, group: bool) -> None:
        """Kill at this many of its steps, each time from the beginning, and go on."""
        before = bytes_in(self.folder)
        steps = self.steps()
        whole = bytes_in(self.folder)
        killed = 0
        for step in random.Random(steps).sample(range(1, steps + 1), min(moments, steps)):
            for name in whole.keys() - before.keys():
                (self.folder / name).unlink()
            killed += self.kill(step, group)
            # What has its name is whole.
            left = bytes_in(self.folder)
            assert {name: whole[name] for name in left.keys() & whole} == {
                name: left[name] for name in left.keys() & whole
            }, f"killed at step {step} of {steps}"
            code, _, said = self.run()
            assert code == 0, said
            assert bytes_in(self.folder) == whole, f"killed at step {step} of {steps}"
        assert killed


@BOTH
def test_split(bundle: Path, tmp_path: Path, group: bool) -> None:
    arguments = ("split", "--size", "200K", bundle)
    Command(arguments, tmp_path / "out", tmp_path / "store").is_kill_safe(examples(4), group)


@BOTH
def test_delta(bundle: Path, tmp_path: Path, group: bool) -> None:
    inventory = write_inventory(tmp_path / "inventory", [b"1"])
    arguments = ("delta", "--have", inventory, "--size", "200K", bundle)
    Command(arguments, tmp_path / "out", tmp_path / "store").is_kill_safe(examples(4), group)


@BOTH
def test_recovery_files(bundle: Path, tmp_path: Path, kept_store: Store, group: bool) -> None:
    arguments = ("split", "--size", "300K", "--parity", "1", bundle)
    Command(arguments, tmp_path / "out", default_store()).is_kill_safe(examples(4), group)


@BOTH
def test_sign(tmp_path: Path, group: bool) -> None:
    bundle, keys = make_bundle(tmp_path / "bundle", {"a": b"1"}), tmp_path / "keys"
    assert main(["key", "new", "--no-password", str(keys)]) == 0
    arguments = ("sign", "--key", keys / "minisign.key")
    Command(arguments, bundle, tmp_path / "store").is_kill_safe(examples(20), group)
    assert (bundle / "MANIFEST.minisig").exists()


@BOTH
def test_a_kill_while_par2_works(tmp_path: Path, kept_store: Store, group: bool) -> None:
    data = random.Random(9).randbytes(16_000_000)
    folder = make_bundle(tmp_path / "bundle", {"a": data})
    store = default_store()
    out, arguments = tmp_path / "out", ("split", "--size", "2M", "--parity", "6", folder)
    with start(*arguments, out, store=store) as process:
        while not list(out.glob("recovery.partial/*")):
            time.sleep(0.001)
            assert process.poll() is None
        (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not list(out.glob("*.par2"))
    code, _, said = run(*arguments, out, store=store)
    # A par2 that was left has the folder until it has ended.
    while not group and code == 1 and "par2 that one has left" in said:
        time.sleep(0.1)
        code, _, said = run(*arguments, out, store=store)
    assert code == 0, said
    assert run(*arguments, tmp_path / "whole", store=store)[0] == 0
    assert bytes_in(out) == bytes_in(tmp_path / "whole")


def test_ctrl_c_while_par2_works_leaves_nothing_half_made(
    tmp_path: Path, kept_store: Store
) -> None:
    folder = make_bundle(tmp_path / "bundle", {"a": random.Random(9).randbytes(16_000_000)})
    out = tmp_path / "out"
    arguments = ("split", "--size", "2M", "--parity", "6", folder, out)
    with start(*arguments, store=default_store()) as process:
        while not list(out.glob("recovery.partial/*")):
            time.sleep(0.001)
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130, said
    assert not list(out.glob("*.par2")) and not list(out.glob("recovery*"))


def pair_is_whole(folder: Path) -> None:
    """Each of the two files that is there is one, and both are of one key."""
    paths = [path for path in (folder / "minisign.key", folder / "minisign.pub") if path.exists()]
    assert all(len(path.read_text().splitlines()) == 2 for path in paths)
    if len(paths) == 2:
        secret = minisign.SecretKey.from_bytes(paths[0].read_bytes())
        assert secret.get_public_key().to_base64() == (paths[1].read_text().split()[-1].encode())


@BOTH
def test_key_new(tmp_path: Path, group: bool) -> None:
    keys = tmp_path / "keys"
    command = Command(("key", "new", "--no-password"), keys, tmp_path / "store")
    steps = command.steps()
    for step in range(1, steps + 1):
        shutil.rmtree(keys)
        command.kill(step, group)
        pair_is_whole(keys)
        code, _, said = command.run()
        # A pair that the killed run had finished stays.
        assert code == 0 or "a file minisign.key in it" in said, f"step {step} of {steps}: {said}"
        assert sorted(path.name for path in keys.iterdir()) == ["minisign.key", "minisign.pub"]
        pair_is_whole(keys)


@BOTH
def test_receipt_changes_nothing(bundle: Path, tmp_path: Path, group: bool) -> None:
    out = tmp_path / "out"
    transfer = split_small(bundle, out, 200_000)
    count = len(list(out.glob("*.part")))
    (tmp_path / "receipt.txt").write_text(receipt(transfer, count, "1", "3"))
    before = bytes_in(out)
    command = Command(("receipt", tmp_path / "receipt.txt"), out, tmp_path / "store")
    steps = command.steps()
    right = command.run()
    for step in random.Random(1).sample(range(1, steps + 1), min(examples(4), steps)):
        command.kill(step, group)
        assert bytes_in(out) == before
        assert command.run() == right
    assert right[1].count(".part\n") == 2


def at_once(*arguments: str | Path, store: Path) -> list[tuple[int, str]]:
    """Two runs of a command that begin together: exit codes, and what they said."""
    runs = [start(*arguments, store=store) for _ in range(2)]
    said = [process.communicate()[1] for process in runs]
    return [(process.returncode, text) for process, text in zip(runs, said, strict=True)]


@pytest.mark.parametrize("parity", ["0", "2"])
def test_two_deltas_at_once(bundle: Path, tmp_path: Path, kept_store: Store, parity: str) -> None:
    inventory = write_inventory(tmp_path / "inventory", [b"1"])
    arguments = ("delta", "--have", inventory, "--size", "200K", "--parity", parity, bundle)
    store = default_store()
    ends = at_once(*arguments, tmp_path / "out", store=store)
    assert sorted(code for code, _ in ends) in ([0, 0], [0, 1])
    for code, said in ends:
        assert (code == 1) == ("another run of the same command" in said), said
    assert run(*arguments, tmp_path / "whole", store=store)[0] == 0
    assert bytes_in(tmp_path / "out") == bytes_in(tmp_path / "whole")


def test_of_two_that_make_a_key_at_once_one_is_refused(tmp_path: Path) -> None:
    for number in range(examples(3)):
        keys = tmp_path / str(number)
        ends = at_once("key", "new", "--no-password", keys, store=tmp_path / "store")
        assert sorted(code for code, _ in ends) == [0, 1]
        assert all(code == 0 or "is left as it is" in said for code, said in ends)
        assert sorted(path.name for path in keys.iterdir()) == ["minisign.key", "minisign.pub"]
        pair_is_whole(keys)


def test_two_that_sign_at_once_end_with_one_signature(tmp_path: Path) -> None:
    bundle, keys = make_bundle(tmp_path / "bundle", {"a": b"1"}), tmp_path / "keys"
    assert main(["key", "new", "--no-password", str(keys)]) == 0
    files = set(bytes_in(bundle))
    for _ in range(examples(3)):
        ends = at_once("sign", "--key", keys / "minisign.key", bundle, store=tmp_path / "store")
        assert [code for code, _ in ends] == [0, 0], ends
        assert set(bytes_in(bundle)) == {*files, "MANIFEST.minisig"}
        assert len((bundle / "MANIFEST.minisig").read_text().splitlines()) == 4
