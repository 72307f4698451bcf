"""A full temporary folder never makes ``join`` or ``apply`` call whole what is not."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.host.bundle import Bundle
from tests.host.delta import upgrade_of
from tests.host.test_join import same
from tests.host.transfer import Transfer, split
from tests.mounts import memory_disk

Ran = subprocess.CompletedProcess[str]


def sweep(scratch: Path, sizes: Iterable[int], run: Callable[[], Ran]) -> list[int]:
    """Runs with temporary folders of so many KiB; the exit codes."""
    codes = []
    for size in sizes:
        with memory_disk(scratch, f"size={size}k"):
            done = run()
        assert done.returncode == 0 or "airgap: " in done.stderr, (size, done)
        codes.append(done.returncode)
    return codes


def add_files(root: Path) -> None:
    for number in range(200):
        path = root / f"wheelhouse/folder with a long name/{number:04}-file.whl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * 50)


def test_join(transfer: Transfer, tmp_path: Path) -> None:
    add_files(transfer.bundle)
    manifest = Bundle(transfer.bundle, tmp_path, transfer.shell, {})
    manifest.write_manifest()
    shutil.rmtree(transfer.out)
    split(transfer.bundle, transfer.out, 1_000_000)
    scratch, dest = tmp_path / "small disk", tmp_path / "dest"

    def run() -> Ran:
        shutil.rmtree(dest, ignore_errors=True)
        done = transfer.run("join", dest, TMPDIR=str(scratch))
        assert (dest / "demo").exists() == (done.returncode == 0), done
        assert done.returncode or same(dest / "demo", transfer.bundle)
        return done

    codes = sweep(scratch, [*range(8, 300, 24), 4000], run)
    assert set(codes[:2]) == {1}
    assert codes[-1] == 0


def test_apply(bundle: Bundle, tmp_path: Path) -> None:
    add_files(bundle.root)
    upgrade = upgrade_of(bundle, tmp_path)
    upgrade.carry()
    applied, scratch = upgrade.applied, tmp_path / "small disk"

    def run() -> Ran:
        shutil.rmtree(applied, ignore_errors=True)
        shutil.rmtree(applied.with_name(f".{applied.name}.partial"), ignore_errors=True)
        done = upgrade.old.run("apply", str(upgrade.medium), TMPDIR=str(scratch))
        assert applied.exists() == (done.returncode == 0), done
        assert done.returncode or upgrade.is_applied()
        return done

    codes = sweep(scratch, [*range(8, 300, 24), 4000], run)
    assert set(codes[:2]) == {1}
    assert codes[-1] == 0


def test_join_of_what_is_written_wrong(transfer: Transfer, tmp_path: Path) -> None:
    """Of a list that is cut, what is lost is what was to be looked at."""
    if transfer.shell != ["dash"]:
        pytest.skip("busybox runs its own tar")
    add_files(transfer.bundle)
    Bundle(transfer.bundle, tmp_path, transfer.shell, {}).write_manifest()
    shutil.rmtree(transfer.out)
    split(transfer.bundle, transfer.out, 1_000_000)
    scratch, dest, tools = tmp_path / "small disk", tmp_path / "dest", tmp_path / "tools"
    wrong = dest / ".demo.partial/wheelhouse/folder with a long name/0199-file.whl"
    tools.mkdir()
    (tools / "tar").write_text(
        f'#!/bin/sh\n/usr/bin/tar "$@" || exit\n[ -f "{wrong}" ] || exit 0\n'
        f'tr 1 2 <"{wrong}" >"{wrong}.x" && mv "{wrong}.x" "{wrong}"\n'
    )
    (tools / "tar").chmod(0o755)
    path = f"{tools}:{transfer.environ['PATH']}"

    def run() -> Ran:
        shutil.rmtree(dest, ignore_errors=True)
        done = transfer.run("join", dest, TMPDIR=str(scratch), PATH=path)
        assert not (dest / "demo").exists(), done
        return done

    assert set(sweep(scratch, [*range(150, 330, 8), 4000], run)) == {1}
