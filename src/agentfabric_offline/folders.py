"""Which files a visitor may have."""

import contextlib
import mimetypes
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agentfabric_offline.upstream import Upstream

MOST_OF_ONE = 200 << 20
"""Bytes that an account's uploads, and copies that the page made for it, may take together."""
MOST_OF_ALL = 600 << 20
"""Bytes for all accounts: in a container this is memory."""

_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/")
"""What a browser may show in the page; all else might hold scripts, and is only downloaded."""


@dataclass(frozen=True)
class Folders:
    """The folders of uploads and of what the page may copy from.

    Attributes:
        cache: Holds a folder for each account, and one for pictures of the page itself.
        work: The code interpreter's, with a folder for each account.
        agents: Holds a folder with the agents of each account; None where visitors get no agent of
            their own.
        pictures: What comes with upstream's page.
    """

    cache: Path
    work: Path
    agents: Path | None
    pictures: tuple[Path, ...]

    @classmethod
    def of(cls, upstream: Upstream) -> "Folders":
        """The folders of the page that is served."""
        settings = upstream.settings
        source = upstream.source / "apps" / "agentfabric"
        return cls(
            cache=upstream.scratch / "gradio",
            work=settings.code_interpreter_dir,
            agents=settings.state_dir / "config" if upstream.which == "app" else None,
            pictures=(source / "assets", upstream.scratch / "assets"),
        )

    @property
    def page(self) -> Path:
        """For what the page itself shows; all visitors may have it."""
        return self.cache / "page"

    def own(self, user: str) -> Path:
        """For what ``user`` uploads, and for what the page shows to that account alone."""
        return self.cache / "users" / user

    def may_have(self, user: str, path: str) -> bool:
        """Whether the file may be sent to ``user``'s browser, and named by it."""
        return _lies_in(path, self.own(user), self.page)

    def may_be_shown(self, user: str, path: str) -> bool:
        """Whether the page may copy the file to where ``user`` may have it."""
        agents = [self.agents / user] if self.agents else []
        allowed = (self.own(user), self.page, self.work / user, *agents, *self.pictures)
        return _lies_in(path, *allowed)

    def make_room(self, user: str, size: int) -> None:
        """Remove the oldest files of ``user``, then of all, until ``size`` more bytes fit."""
        make_room(self.own(user), MOST_OF_ONE - size)
        make_room(self.cache / "users", MOST_OF_ALL - size)


def _lies_in(path: str, *folders: Path) -> bool:
    # Links and `..` are followed, as opening the file does.
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(os.path.realpath(folder)) for folder in folders)


def make_room(folder: Path, most: int) -> None:
    """Remove the oldest files in ``folder`` until all take ``most`` bytes; others may change it."""
    files = []
    # Unlike Path.rglob, os.walk passes over a folder that is gone when its turn comes.
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            with contextlib.suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    files.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most:
            break
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            total -= size


def named_files(value: object) -> Iterator[str]:
    """The files that a component's data names, however deep: what the server would open."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in ("path", "avatar") and isinstance(each, str):
                yield each
            elif key == "files" and isinstance(each, list):
                yield from (file for file in each if isinstance(file, str))
            yield from named_files(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from named_files(each)


def shown_as(name: str) -> tuple[str, str]:
    """Content-Type and Content-Disposition for a file of a visitor, by its name."""
    kind = mimetypes.guess_type(name)[0] or ""
    if kind.startswith(_SHOWN):
        return kind, "inline"
    return "application/octet-stream", "attachment"
