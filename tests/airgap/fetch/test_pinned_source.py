"""The source that this repository pins, as it is built, against git alone."""

import os
import subprocess
from pathlib import Path

from airgap.locks.source import parse
from tests.e2e.bundle import built


def test_git_gives_the_pinned_ids_to_what_was_brought(tmp_path: Path) -> None:
    folder = built("third_party.modelscope_agent/modelscope_agent", "third_party/modelscope_agent")
    lock = parse(Path("third_party/modelscope_agent/source.lock").read_text(), "source.lock")
    environ = {
        **os.environ,
        "GIT_DIR": str(tmp_path / "git"),
        "GIT_WORK_TREE": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", "--all", "--force", ".")
    assert {path: git("write-tree", f"--prefix={path}/") for path in lock.trees} == lock.trees
    assert git("hash-object", "LICENSE") == lock.files["LICENSE"].id
