"""Recovery files: what is lost or damaged on the way is made anew, by the program beside them."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from airgap.cli import default_store
from airgap.errors import AirgapError
from airgap.fetch.debs import fetch_debs
from airgap.fetch.progress import Progress
from airgap.locks import debian
from airgap.store import Store
from airgap.transport.contents import read_contents
from airgap.transport.parity import BLOCKS, blocks_in
from airgap.transport.transfer import write_transfer
from tests.airgap.transport.bundles import ROOT, bytes_in, make_bundle

SIZE = 300_000


@pytest.fixture(scope="module")
def kept_store() -> Store:
    """The store of this machine, so that the packages are fetched once."""
    store = Store(default_store())
    lock = ROOT / "third_party/debian/par2.lock"
    try:
        fetch_debs(store, debian.parse(lock.read_text(), lock.name), Progress())
    except AirgapError as error:
        if os.environ.get("AIRGAP_E2E_REQUIRED"):
            raise
        pytest.skip(f"the packages of par2 cannot be had: {error}")
    return store


def split(store: Store, bundle: Path, out: Path, volumes: int, size: int = SIZE) -> None:
    contents = read_contents(bundle)
    write_transfer(store, ROOT, contents, contents.tree, out, size, volumes=volumes)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = random.Random(6).randbytes(1_600_000)
    return make_bundle(tmp_path_factory.mktemp("parity") / "bundle", {"image/a": data})


@pytest.fixture(scope="module")
def sent(kept_store: Store, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sent") / "out"
    split(kept_store, bundle, out, 2)
    return out


def repair(out: Path) -> int:
    """As a receiver does, on a machine that has nothing: by the program that came along."""
    (index,) = (path for path in out.glob("*.par2") if ".vol" not in path.name)
    command = ["recovery/ld-linux-x86-64.so.2", "--library-path", "recovery", "recovery/par2"]
    ran = subprocess.run([*command, "repair", "-q", "-q", index.name], cwd=out, env={}, check=False)
    return ran.returncode


def test_any_two_lost_parts_are_made_anew(sent: Path, tmp_path: Path) -> None:
    right = bytes_in(sent)
    parts = sorted(path.name for path in sent.glob("*.part"))
    assert len(parts) == 6
    for number, (first, second) in enumerate([(0, 1), (2, 5), (3, 4)]):
        out = shutil.copytree(sent, tmp_path / str(number))
        (out / parts[first]).unlink()
        (out / parts[second]).unlink()
        assert repair(out) == 0
        assert bytes_in(out) == right


def test_a_damaged_part_and_a_lost_one_are_made_anew(sent: Path, tmp_path: Path) -> None:
    out = shutil.copytree(sent, tmp_path / "out")
    first, second, *_ = sorted(out.glob("*.part"))
    right = first.read_bytes(), second.read_bytes()
    first.unlink()
    second.write_bytes(right[1][:100_000] + b"damage" + right[1][100_006:])
    assert repair(out) == 0
    assert (first.read_bytes(), second.read_bytes()) == right


def test_three_lost_parts_are_too_many(sent: Path, tmp_path: Path) -> None:
    out = shutil.copytree(sent, tmp_path / "out")
    for path in sorted(out.glob("*.part"))[:3]:
        path.unlink()
    assert repair(out) != 0


def test_recovery_files_fit_the_medium_and_are_listed_with_their_program(sent: Path) -> None:
    names = {path.name for path in sent.glob("*.par2")}
    assert blocks_in(names) == 2 * BLOCKS
    assert all(path.stat().st_size < SIZE for path in sent.iterdir())
    listed = subprocess.run(
        ["sha256sum", "--check", "--quiet", "PARTS"], cwd=sent, capture_output=True, text=True
    )
    assert listed.returncode == 0, listed.stdout
    listing = (sent / "PARTS").read_text()
    for name in [*names, "airgap-parts", "PLAN.txt", "recovery/par2", "recovery/par2.copyright"]:
        assert f"  {name}\n" in listing
        assert name in (sent / "PLAN.txt").read_text() or name == "PLAN.txt"


def test_the_same_bundle_gives_the_same_recovery_files_and_a_rerun_keeps_them(
    kept_store: Store, bundle: Path, sent: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    split(kept_store, bundle, out, 0)
    split(kept_store, bundle, out, 2)
    assert bytes_in(out) == bytes_in(sent)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    split(kept_store, bundle, out, 2)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before

    # One that was damaged is made anew; without --parity there are none.
    next(out.glob("*.vol*.par2")).write_bytes(b"broken")
    split(kept_store, bundle, out, 2)
    assert bytes_in(out) == bytes_in(sent)
    split(kept_store, bundle, out, 0)
    assert not list(out.glob("*.par2")) and not (out / "recovery").exists()


def test_more_than_the_format_knows_is_refused_before_anything_is_written(
    kept_store: Store, bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(AirgapError, match="at most 4096 parts"):
        split(kept_store, bundle, tmp_path / "out", 5000)
    with pytest.raises(AirgapError, match="a number of parts from 0 on"):
        split(kept_store, bundle, tmp_path / "out", -1)
    assert not (tmp_path / "out").exists()
