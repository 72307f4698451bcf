"""The ways to a source, of which each brings the same, and what is said where there is none."""

import contextlib
import os
import socket
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from airgap.errors import UnavailableError
from airgap.fetch import git as git_module
from airgap.fetch.progress import Progress
from airgap.fetch.source import fetch_source, find_source
from airgap.locks.source import SourceLock
from airgap.store import Store
from tests.airgap.fetch.source.taken import NOWHERE, VARIABLE, WANTED, fetched, refused
from tests.airgap.fetch.upstream import commit, git, make_lock


def test_git_brings_the_commit_and_nothing_else(
    store: Store, repository: Path, tmp_path: Path
) -> None:
    lock = make_lock(repository, tmp_path / "lock")
    (repository / "lib/core.py").write_text("VALUE = 2\n")
    commit(repository)
    assert fetched(store, lock) == WANTED
    tree = find_source(store, lock)
    assert tree is not None
    assert [path for path, entry in tree.items() if entry.executable] == ["lib/run.sh"]


def test_a_folder_brings_the_same(store: Store, lock: SourceLock, copy: Path) -> None:
    assert fetched(store, lock) == WANTED


def test_the_settings_of_the_user_name_a_folder(
    store: Store,
    lock: SourceLock,
    copy: Path,
    no_settings: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE)
    no_settings.parent.mkdir(parents=True)
    no_settings.write_text(f'[sources]\nupstream = "{copy}"\n')
    assert fetched(store, lock) == WANTED


@pytest.mark.parametrize("text", ["[sources", "sources = 1", "[sources]\nupstream = 1"])
def test_damaged_settings_are_told_with_their_path(
    store: Store, lock: SourceLock, no_settings: Path, text: str
) -> None:
    no_settings.parent.mkdir(parents=True)
    no_settings.write_text(text)
    assert refused(store, lock).subject == str(no_settings)


def test_a_relative_path_is_refused_because_builds_run_in_other_folders(
    store: Store, lock: SourceLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "copy")
    error = refused(store, lock)
    assert (error.subject, error.found) == (VARIABLE, "copy")


def test_a_path_with_nothing_there_is_an_error_and_git_is_not_asked(
    store: Store, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    error = refused(store, make_lock(repository, tmp_path / "lock"))
    assert error.found == "nothing there"


@pytest.mark.parametrize("form", ["tar", "tar.gz", "tar.xz"])
@pytest.mark.parametrize("prefix", ["", "upstream-1234/", "lib/"])
def test_a_tar_brings_the_same(
    store: Store,
    lock: SourceLock,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    prefix: str,
) -> None:
    tar = tmp_path / "source.tar"
    git(repository, "archive", f"--output={tar}", f"--prefix={prefix}", "HEAD")
    if form != "tar":
        with (
            tarfile.open(tar) as plain,
            tarfile.open(tmp_path / f"source.{form}", f"w:{form[4:]}") as packed,  # type: ignore
        ):
            for member in plain:
                packed.addfile(member, plain.extractfile(member) if member.isreg() else None)
    monkeypatch.setenv(VARIABLE, str(tmp_path / f"source.{form}"))
    assert fetched(store, lock) == WANTED


def test_no_way_to_the_source_is_told_with_the_two_others(store: Store, lock: SourceLock) -> None:
    with pytest.raises(UnavailableError) as caught:
        fetch_source(store, lock, Progress())
    said = str(caught.value)
    assert NOWHERE in said and lock.commit in said
    assert f"{VARIABLE}=/path" in said
    assert 'upstream = "/path" below [sources] in ~/.config/airgap/config.toml' in said


def test_a_machine_without_git_has_no_way_either(
    store: Store, lock: SourceLock, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(copy))
    monkeypatch.setattr(os, "defpath", str(copy))
    with pytest.raises(UnavailableError, match="install git"):
        fetch_source(store, lock, Progress())


def test_a_host_that_says_nothing_is_given_up(
    store: Store, lock: SourceLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_module, "_ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        # While nothing else would end it: nobody closes the connection.
        with pytest.raises(UnavailableError, match="no answer within 1 seconds"):
            fetch_source(store, replace(lock, url=address), Progress())
        deadline = time.monotonic() + 60
        while run_with(address):
            assert time.monotonic() < deadline, "what git had started goes on"
            time.sleep(0.05)


def run_with(argument: str) -> list[str]:
    """The processes with an argument, which may have been sent the signal that ends them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # It may have ended since it was listed.
        with contextlib.suppress(OSError):
            if argument.encode() in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
    return found


def test_a_commit_that_the_repository_does_not_have_is_an_error_of_the_lock(
    store: Store, repository: Path, tmp_path: Path
) -> None:
    lock = replace(make_lock(repository, tmp_path / "lock"), commit="0" * 40)
    error = refused(store, lock)
    assert error.expected == f"commit {'0' * 40}"
    assert error.found is not None and "not our ref" in error.found


def test_who_runs_it_from_a_hook_of_git_gets_the_same(
    store: Store, lock: SourceLock, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(copy / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(copy / "index"))
    assert fetched(store, lock) == WANTED


def test_the_source_is_not_asked_for_twice(store: Store, lock: SourceLock, copy: Path) -> None:
    fetch_source(store, lock, Progress())
    (copy / "lib/core.py").write_text("changed since")
    assert fetched(store, lock) == WANTED
