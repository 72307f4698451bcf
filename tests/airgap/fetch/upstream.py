"""A real git repository in the place of somebody's source, and its lock."""

import subprocess
from dataclasses import replace
from pathlib import Path

from airgap.locks.source import SourceLock, parse
from airgap.resolve.source import lock_source

FILES: dict[str, bytes] = {
    "LICENSE": b"as you like\n",
    "README.md": b"not taken along\n",
    "lib/__init__.py": b"",
    "lib/core.py": b"VALUE = 1\n",
    "lib/large.bin": bytes(range(256)) * 500,
    "lib/mixed.txt": b"one\r\ntwo\n",
    "lib/中文 name.txt": "中文\n".encode(),
    "apps/page/app.py": b"print('page')\n",
    "apps/page/config/settings.json": b"{}\n",
    "apps/other/app.py": b"print('not taken along')\n",
}
PATHS = ["LICENSE", "apps/page", "lib"]


def git(folder: Path, *arguments: str) -> str:
    options = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *options, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_repository(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """A repository with one commit; `lib/run.sh` in it is executable, `lib/latest` a link."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "lib/run.sh").write_bytes(b"#!/bin/sh\n")
    (folder / "lib/run.sh").chmod(0o755)
    (folder / "lib/latest").symlink_to("core.py")
    commit(folder)
    return folder


def commit(repository: Path) -> str:
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--quiet", "--message=a")
    return git(repository, "rev-parse", "HEAD")


def make_lock(
    repository: Path, folder: Path, url: str | None = None, paths: list[str] = PATHS
) -> SourceLock:
    """The lock of the repository's last commit, as the command `lock` makes it."""
    folder.mkdir(exist_ok=True)
    commit = git(repository, "rev-parse", "HEAD")
    quoted = ", ".join(f'"{path}"' for path in paths)
    (folder / "source.toml").write_text(
        f'name = "upstream"\nurl = "file://{repository}"\ncommit = "{commit}"\npaths = [{quoted}]\n'
    )
    lock_source(folder / "source.toml", folder / "source.lock")
    lock = parse((folder / "source.lock").read_text(), "source.lock")
    return replace(lock, url=url) if url else lock
