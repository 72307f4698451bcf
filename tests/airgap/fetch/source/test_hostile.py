"""A source that was made to do harm, or was damaged, is refused."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.locks.source import SourceLock
from airgap.store import Store
from tests.airgap.fetch.source.taken import VARIABLE, refused
from tests.airgap.fetch.upstream import commit, git, make_lock


@pytest.mark.parametrize("target", ["../../secret", "/etc/hostname", "../README.md", "gone.py"])
def test_a_link_that_leads_out_of_what_is_used_is_refused(
    store: Store, repository: Path, tmp_path: Path, target: str
) -> None:
    (repository / "lib/way-out").symlink_to(target)
    commit(repository)
    error = refused(store, make_lock(repository, tmp_path / "lock"))
    assert error.subject == "lib/way-out"
    assert error.found == f"a link to {target}"


def test_links_in_a_circle_are_refused(store: Store, repository: Path, tmp_path: Path) -> None:
    (repository / "lib/a").symlink_to("b")
    (repository / "lib/b").symlink_to("a")
    commit(repository)
    refused(store, make_lock(repository, tmp_path / "lock"))


def test_a_fifo_in_a_folder_is_refused(store: Store, lock: SourceLock, copy: Path) -> None:
    os.mkfifo(copy / "lib/pipe")
    assert refused(store, lock).subject == f"{copy}: lib/pipe"


def entry(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.mark.parametrize(
    "hostile",
    [
        entry("../outside"),
        entry("lib/../../outside"),
        entry("/etc/outside"),
        entry("lib/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        entry("lib/pipe", type=tarfile.FIFOTYPE),
        entry("lib/second", type=tarfile.LNKTYPE, linkname="/etc/hostname"),
        entry("lib/core.py", type=tarfile.SYMTYPE, linkname="/etc/hostname"),
    ],
    ids=lambda info: f"{info.name} of type {info.type.decode()}",
)
def test_a_hostile_tar_is_refused_and_writes_nothing(
    store: Store,
    lock: SourceLock,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hostile: tarfile.TarInfo,
) -> None:
    tar = tmp_path / "source.tar"
    git(repository, "archive", f"--output={tar}", "HEAD")
    with tarfile.open(tar, "a") as archive:
        archive.addfile(hostile, io.BytesIO())
    monkeypatch.setenv(VARIABLE, str(tar))
    error = refused(store, lock)
    assert str(tar) in error.subject
    assert not list(tmp_path.rglob("outside"))
    assert os.listdir(store.root / "tmp") == []


@pytest.mark.parametrize("damage", [lambda data: data[:-3000], lambda data: b"no tar" + data])
def test_a_damaged_tar_is_refused(
    store: Store,
    lock: SourceLock,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[bytes], bytes],
) -> None:
    tar = tmp_path / "source.tar.gz"
    git(repository, "archive", "--format=tar.gz", f"--output={tar}", "HEAD")
    tar.write_bytes(damage(tar.read_bytes()))
    monkeypatch.setenv(VARIABLE, str(tar))
    assert refused(store, lock).subject == str(tar)
