"""A bundle of 20 GB, and one of 100,000 files, arrive as they were; memory and disk stay small."""

import os
from pathlib import Path

import pytest

from airgap.store import hash_file
from airgap.transport import manifest
from tests.airgap.transport.bundles import make_bundle, write_manifest
from tests.airgap.transport.running import run_measured, run_split
from tests.airgap.transport.trees import look_of
from tests.mounts import disk_for_zeros

FILES = 100_000
BYTES = 20_000_000_000

_MARKS = 20
"""Blocks of a sparse file that are not zeros, each different, from its first to its last."""

_PER_FILE = 2000
"""Bytes of memory that one more file may take in any process."""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed program leaves is removed with the test's folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def sparse(folder: Path, size: int) -> Path:
    """A bundle of one file of so many bytes, most of them zeros."""
    bundle = make_bundle(folder / "bundle", {"image/blobs/sha256/a": b""})
    with open(bundle / "image/blobs/sha256/a", "r+b") as file:
        for mark in range(_MARKS):
            file.seek(mark * (size - 512) // (_MARKS - 1))
            file.write(b"%d" % mark * 256)
        file.truncate(size)
    write_manifest(bundle)
    return bundle


def carry(bundle: Path) -> list[int]:
    """Split, verify and join; returns what each took of memory at most, in bytes."""
    store, out, dest = (bundle.parent / name for name in ("store", "out", "dest"))
    program: list[str | Path] = ["sh", out / "airgap-parts"]
    split = run_split(bundle, out, "4G")
    assert split[0] == 0, split[1]
    verify = run_measured(*program, "verify", store=store)
    assert verify[0] == 0, verify[1]
    join = run_measured(*program, "join", dest, store=store)
    assert join[0] == 0, join[1]
    return [peak for _, _, peak in (split, verify, join)]


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def test_memory_and_disk_stay_the_same_from_1_to_20_gigabytes(tmp_path: Path) -> None:
    peaks = []
    for size in (BYTES // 20, BYTES):
        with disk_for_zeros(tmp_path / "disk", 2 * size + (2 << 30)) as disk:
            bundle = sparse(disk, size)
            assert on_disk(bundle) < 10 << 20
            peaks.append(carry(bundle))
            joined = disk / "dest/small"
            listed = manifest.parse((joined / manifest.NAME).read_bytes(), manifest.NAME)
            assert {path: hash_file(joined / path) for path in listed} == listed
            # Beside what is sent and what was joined nothing took room.
            assert on_disk(disk / "out") < size + (1 << 20)
            assert on_disk(disk) < 2 * size + (20 << 20)
    for small, large in zip(*peaks, strict=True):
        assert large - small < 10 << 20


def test_a_hundred_thousand_files_arrive(tmp_path: Path) -> None:
    few = carry(make_bundle(tmp_path / "few/bundle", {"a": b"a"}))
    files = {f"models/{n // 1000}/{n}": os.urandom(20) for n in range(FILES)}
    bundle = make_bundle(tmp_path / "many/bundle", files)
    many = carry(bundle)
    assert look_of(tmp_path / "many/dest/small") == look_of(bundle)
    for least, most in zip(few, many, strict=True):
        assert most - least < FILES * _PER_FILE + (10 << 20)
