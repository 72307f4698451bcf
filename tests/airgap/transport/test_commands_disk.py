"""What a full or a read-only disk does to the commands: a clear error, nothing half-made, go on."""

import random
from pathlib import Path

import pytest

from airgap import cli
from airgap.transport import transfer
from tests.airgap.transport.bundles import bytes_in, make_bundle
from tests.airgap.transport.test_delta import write_inventory
from tests.airgap.transport.test_parity import kept_store
from tests.mounts import fill_up, make_read_only, make_writable, memory_disk

__all__ = ["kept_store"]

PARITY = ["--parity", "2"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = random.Random(4)
    files = {f"models/m/{n}": data.randbytes(1_700_000) for n in range(3)}
    return make_bundle(tmp_path_factory.mktemp("disks") / "bundle", {"here": b"1", **files})


@pytest.fixture(params=["split", "delta", "parity"])
def command(
    request: pytest.FixtureRequest, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """A command without the folder that it writes into."""
    arguments = ["split"]
    if request.param == "delta":
        arguments = ["delta", "--have", str(write_inventory(tmp_path / "inventory", [b"1"]))]
    store = tmp_path / "store"
    if request.param == "parity":
        arguments += PARITY
        store = request.getfixturevalue("kept_store").root
    return [*arguments, "--store", str(store), "--size", "1M", str(bundle)]


def said(arguments: list[str], out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that fails, and return the error."""
    capsys.readouterr()
    assert cli.main([*arguments, str(out)]) == 1
    return capsys.readouterr().err.partition("error: ")[2]


def nothing_half_made(out: Path, whole: dict[str, bytes]) -> None:
    """What has its name is as it is to be."""
    left = bytes_in(out)
    assert {name for name in left.keys() & whole if left[name] != whole[name]} == set()


@pytest.mark.parametrize("room", [0, 300_000, 3_000_000, 5_150_000, 6_500_000])
def test_a_disk_that_gets_full_on_the_way(
    command: list[str],
    room: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Others write there too: at the beginning there was enough."""
    assert cli.main([*command, str(tmp_path / "whole")]) == 0
    whole = bytes_in(tmp_path / "whole")
    if sum(map(len, whole.values())) < room + 100_000:
        room -= 1_400_000  # so that it is the end that lacks room
    with memory_disk(tmp_path / "disk", "size=32m") as disk:
        need_space = transfer._need_space

        def then_comes_another(*arguments: object) -> None:
            need_space(*arguments)  # type: ignore[arg-type]
            (disk / "room").write_bytes(bytes(room))
            fill_up(disk)
            (disk / "room").unlink()

        monkeypatch.setattr(transfer, "_need_space", then_comes_another)
        error = said(command, disk / "out", capsys)
        assert "next: " in error and "run the same command again" in error
        assert str(disk / "out") in error or "par2" in error
        nothing_half_made(disk / "out", whole)
        assert not (disk / "out/PARTS").exists()
        assert not (disk / "out/recovery.partial").exists()

        (disk / "ballast").unlink()
        monkeypatch.undo()
        assert cli.main([*command, str(disk / "out")]) == 0
        assert bytes_in(disk / "out") == whole


def test_a_disk_that_cannot_be_written(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, str(tmp_path / "whole")]) == 0
    with memory_disk(tmp_path / "disk", "size=32m") as disk:
        make_read_only(disk)
        for out in (disk, disk / "new"):
            assert "make the folder writable or name another one" in said(command, out, capsys)
        make_writable(disk)
        assert cli.main([*command, str(disk / "new")]) == 0
        assert bytes_in(disk / "new") == bytes_in(tmp_path / "whole")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    assert cli.main(["key", "new", "--no-password", str(tmp_path / "keys")]) == 0
    return tmp_path / "keys"


def test_a_signature_on_a_full_disk_or_one_that_cannot_be_written(
    keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with memory_disk(tmp_path / "disk", "size=1m") as disk:
        bundle = make_bundle(disk / "bundle", {"a": b"1"})
        before, sign = bytes_in(bundle), ["sign", "--key", str(keys / "minisign.key")]
        ballast = fill_up(disk)
        assert "free some disk space and run the same command again" in said(sign, bundle, capsys)
        assert bytes_in(bundle) == before
        ballast.unlink()
        make_read_only(disk)
        assert "make the folder writable" in said(sign, bundle, capsys)
        make_writable(disk)
        assert bytes_in(bundle) == before
        assert cli.main([*sign, str(bundle)]) == 0
        assert bytes_in(bundle).keys() == {*before, "MANIFEST.minisig"}


def test_a_key_on_a_full_disk_or_one_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = ["key", "new", "--no-password"]
    with memory_disk(tmp_path / "disk", "size=1m") as disk:
        (disk / "keys").mkdir()
        ballast = fill_up(disk)
        assert "free some disk space and run" in said(new, disk / "keys", capsys)
        assert list((disk / "keys").iterdir()) == []
        ballast.unlink()
        make_read_only(disk)
        for keys in (disk / "keys", disk / "new"):
            assert "make the folder writable" in said(new, keys, capsys)
        make_writable(disk)
        assert cli.main([*new, str(disk / "keys")]) == 0


def test_a_key_into_what_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    for keys in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "name another one" in said(["key", "new", "--no-password"], keys, capsys)
    assert (tmp_path / "file").read_bytes() == b"mine"
