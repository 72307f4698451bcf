import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import airgap
from airgap.errors import AirgapError, UnavailableError
from airgap.fetch import git as git_module
from airgap.fetch.progress import Progress
from airgap.fetch.source import fetch_source, find_source
from airgap.locks.source import SourceLock, render
from airgap.store import Store
from tests.airgap.fetch.upstream import FILES, commit, git, make_lock, make_repository
from tests.airgap.small_wheels import add_wheel

NOWHERE = "https://localhost:1/some/source"
VARIABLE = "AIRGAP_SOURCE_UPSTREAM"


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the user's own settings counts; returns where such settings would be."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "config" / "airgap" / "config.toml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


@pytest.fixture
def lock(repository: Path, tmp_path: Path) -> SourceLock:
    """The lock of the repository, which nobody reaches by git."""
    return make_lock(repository, tmp_path / "lock", NOWHERE)


@pytest.fixture
def copy(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the files of the commit, named by the environment."""
    folder = tmp_path / "copy"
    git(repository, "worktree", "add", "--quiet", "--detach", str(folder))
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def fetched(store: Store, lock: SourceLock) -> dict[str, bytes]:
    fetch_source(store, lock, Progress())
    tree = find_source(store, lock)
    assert tree is not None
    return {path: store.path(entry.blob).read_bytes() for path, entry in tree.items()}


def refused(store: Store, lock: SourceLock) -> AirgapError:
    """The error that stops the source, after which nothing of it is taken to be there."""
    with pytest.raises(AirgapError) as caught:
        fetch_source(store, lock, Progress())
    assert not isinstance(caught.value, UnavailableError)
    assert find_source(store, lock) is None
    return caught.value


WANTED = {
    path: data for path, data in FILES.items() if not path.startswith(("README", "apps/other"))
} | {"lib/run.sh": b"#!/bin/sh\n", "lib/latest": FILES["lib/core.py"]}


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


def test_what_lies_beside_the_used_folders_does_not_matter(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "apps/other/app.py").write_text("changed")
    (copy / "notes").mkdir()
    (copy / "notes/__pycache__").write_text("")
    assert fetched(store, lock) == WANTED


def test_a_changed_file_is_told_with_both_ids(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/core.py").write_text("VALUE = 2\n")
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/core.py"
    assert error.expected is not None and lock.files["lib/core.py"].id in error.expected
    assert error.found is not None
    assert git(copy, "hash-object", "--no-filters", "lib/core.py") in error.found


def test_a_checkout_that_changed_line_ends_is_told_what_to_do(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "lib/core.py").write_bytes(b"VALUE = 1\r\n")
    error = refused(store, lock)
    assert error.remedy is not None and "core.autocrlf=false" in error.remedy


def test_attributes_and_settings_of_git_change_no_byte(
    store: Store, lock: SourceLock, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[core]\n autocrlf = true\n eol = crlf\n attributesFile = /dev/null\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (copy / ".gitattributes").write_text("* text=auto eol=crlf\n")
    assert fetched(store, lock) == WANTED


def test_a_lost_mode_is_told(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/run.sh").chmod(0o644)
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/run.sh"
    assert error.expected is not None and error.expected.endswith("mode 100755")
    assert error.found is not None and error.found.endswith("mode 100644")


def test_a_file_more_is_told(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/more.py").write_text("")
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/more.py"
    assert error.expected == f"no such file at commit {lock.commit}"


def test_byte_code_of_somebody_who_ran_it_is_told_as_such(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "lib/__pycache__").mkdir()
    (copy / "lib/__pycache__/core.cpython-311.pyc").write_bytes(b"x")
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/__pycache__/core.cpython-311.pyc"
    assert error.remedy is not None and "byte-code" in error.remedy


def test_a_missing_file_is_told_with_its_id(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/large.bin").unlink()
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/large.bin"
    assert error.expected == f"git blob id {lock.files['lib/large.bin'].id}"
    assert error.found == "no such file"


def with_filler(store: Store, lock: SourceLock, files: dict[str, str]) -> SourceLock:
    return replace(lock, filler=add_wheel(store, "some-lib", "1.0", files))


def test_the_filler_stands_in_for_what_a_copy_lacks(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    (copy / "lib/core.py").unlink()
    (copy / "LICENSE").unlink()
    files = {
        "lib/core.py": "VALUE = 1\n",
        "some_lib-1.0.dist-info/LICENSE": "as you like\n",
        "lib/newer.py": "the wheel's own, which the commit does not have",
    }
    assert fetched(store, with_filler(store, lock, files)) == WANTED


def test_a_filling_of_other_bytes_is_none(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/core.py").unlink()
    lock = with_filler(store, lock, {"lib/core.py": "VALUE = 2\n"})
    error = refused(store, lock)
    assert error.subject == f"{copy}: lib/core.py"
    assert error.found is not None and "some_lib-1.0-py3-none-any.whl" in error.found


def test_the_filler_never_replaces_a_wrong_file(store: Store, lock: SourceLock, copy: Path) -> None:
    (copy / "lib/core.py").write_text("VALUE = 2\n")
    lock = with_filler(store, lock, {"lib/core.py": "VALUE = 1\n"})
    assert refused(store, lock).subject == f"{copy}: lib/core.py"


def test_a_tree_id_that_is_not_that_of_the_files_is_told(
    store: Store, lock: SourceLock, copy: Path
) -> None:
    fetch_source(store, lock, Progress())
    changed = replace(lock, trees={**lock.trees, "lib": "0" * 40})
    error = refused(store, changed)
    assert error.subject == f"{copy}: lib"
    assert error.expected == f"git tree id {'0' * 40}"
    assert error.found is not None and lock.trees["lib"] in error.found


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
        port = silent.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="no answer within 1 seconds"):
            fetch_source(store, replace(lock, url=f"http://127.0.0.1:{port}/x"), Progress())
    assert time.monotonic() - began < 10
    assert not any(
        str(port).encode() in path.read_bytes() for path in Path("/proc").glob("*/cmdline")
    )


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


@pytest.mark.parametrize("moment", ["tmp/*/git/HEAD", "tmp/*/git/objects/pack/*", "blobs/sha256/*"])
def test_after_a_kill_the_same_command_goes_on(store: Store, tmp_path: Path, moment: str) -> None:
    # So many that the moments last, and that git keeps a pack as it came.
    many = FILES | {f"lib/many/{i}": bytes([i]) * 100_000 for i in range(120)}
    repository = make_repository(tmp_path / "many", many)
    lock = make_lock(repository, tmp_path / "lock")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from airgap.fetch.progress import Progress\n"
        "from airgap.fetch.source import fetch_source\n"
        "from airgap.locks.source import parse\n"
        "from airgap.store import Store\n"
        "fetch_source(Store(Path(sys.argv[1])), parse(sys.argv[2], ''), Progress())\n"
    )
    path = str(Path(airgap.__path__[0]).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(store.root), render(lock)],
        env={**os.environ, "PYTHONPATH": path},
    )
    with process:
        while not list(store.root.glob(moment)):
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert find_source(store, lock) is None
    found = fetched(store, lock)
    assert found["lib/many/7"] == bytes([7]) * 100_000
    assert found.keys() == lock.files.keys()
    # What git still wrote when its parent was gone goes as soon as git has ended.
    deadline = time.monotonic() + 60
    while list(store.root.glob("tmp/*.lock")) and time.monotonic() < deadline:
        time.sleep(0.1)
        with store.workdir():
            pass
    # A small file of a killed process stays for an hour.
    assert [path.name for path in store.root.glob("tmp/*") if path.suffix != ".small"] == []
