import subprocess
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.locks.source import parse
from airgap.resolve.source import lock_source
from tests.airgap.fetch.upstream import commit, git, make_lock, make_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


def test_the_ids_are_those_that_git_gives(repository: Path, tmp_path: Path) -> None:
    lock = make_lock(repository, tmp_path)
    assert lock.trees == {
        path: git(repository, "rev-parse", f"HEAD:{path}") for path in ("apps/page", "lib")
    }
    assert lock.files["lib/core.py"].id == git(repository, "rev-parse", "HEAD:lib/core.py")
    assert lock.files["lib/run.sh"].mode == "100755"
    assert lock.files["LICENSE"].mode == "100644"
    assert "README.md" not in lock.files


def test_the_same_input_gives_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        make_lock(repository, tmp_path / folder)
    first, second = (tmp_path / folder / "source.lock" for folder in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert b"edit that file, not this one" in first.read_bytes()


def test_the_files_of_our_own_lock_are_those_of_its_trees(tmp_path: Path) -> None:
    text = Path("third_party/modelscope_agent/source.lock").read_text()
    lock = parse(text, "source.lock")
    git(tmp_path, "init", "--quiet")
    lines = [f"{file.mode} {file.id}\t{path}" for path, file in lock.files.items()]
    (tmp_path / "index.txt").write_text("\n".join(lines) + "\n")
    with (tmp_path / "index.txt").open() as index:
        subprocess.run(
            ["git", "-C", str(tmp_path), "update-index", "--index-info"], stdin=index, check=True
        )
    for path, id in lock.trees.items():
        assert git(tmp_path, "write-tree", "--missing-ok", f"--prefix={path}/") == id


def test_a_path_that_the_commit_lacks_is_told(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(AirgapError) as caught:
        make_lock(repository, tmp_path, paths=["lib", "libb"])
    assert caught.value.expected == "libb"
    assert not (tmp_path / "source.lock").exists()


def test_a_submodule_is_refused(repository: Path, tmp_path: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},lib/module")
    git(repository, "commit", "--quiet", "--message=a")
    with pytest.raises(AirgapError, match="files.lib/module: not a git blob id"):
        make_lock(repository, tmp_path)


def test_a_link_is_locked_as_a_link(repository: Path, tmp_path: Path) -> None:
    (repository / "lib/other").symlink_to("../LICENSE")
    commit(repository)
    assert make_lock(repository, tmp_path).files["lib/other"].mode == "120000"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('url = ""', "wrong or missing: url"),
        ('commit = "main"', "wrong or missing: commit"),
        ("paths = []", "wrong or missing: paths"),
        ('paths = ["../x"]', "wrong or missing: paths"),
        ('filler = "some-lib"', "wrong or missing: filler"),
        ("licence = 1", "wrong or missing: licence"),
        ("[", "wrong or missing: name, url, commit, paths"),
    ],
)
def test_an_input_that_makes_no_sense_is_told(tmp_path: Path, line: str, wrong: str) -> None:
    key = line.partition(" ")[0]
    lines = {
        "name": 'name = "x"',
        "url": 'url = "https://localhost:1/x"',
        "commit": f'commit = "{"0" * 40}"',
        "paths": 'paths = ["lib"]',
    }
    (tmp_path / "source.toml").write_text("\n".join({**lines, key: line}.values()))
    with pytest.raises(AirgapError) as caught:
        lock_source(tmp_path / "source.toml", tmp_path / "source.lock")
    assert caught.value.found is not None and wrong in caught.value.found
