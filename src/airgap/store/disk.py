"""What the disk does for the store, and what it refuses."""

import contextlib
import errno
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def disk_errors(doing: str, subject: object) -> Iterator[None]:
    """Turn what the disk refuses, space or permission, into an `AirgapError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise AirgapError(
            doing,
            str(subject),
            found=os.strerror(error.errno),
            remedy="free some disk space and run the same command again; nothing was lost"
            if full
            else "make the folder writable or name another one, then run the same command again",
        ) from error


def fsync(path: Path) -> None:
    """Wait until the file's bytes are on disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def link_or_copy(source: Path, dest: Path) -> None:
    """Put ``source`` at ``dest`` as a hard link, replacing what was there in one step.

    Costs no bytes, but where ``dest`` is on another disk the file is copied, with a warning.

    Raises:
        AirgapError: The disk is full, or the folder cannot be written.
    """
    try:
        if os.path.samestat(source.stat(), dest.lstat()):
            return
    except FileNotFoundError:
        pass
    with disk_errors("writing", dest):
        dest.parent.mkdir(parents=True, exist_ok=True)
        partial = dest.with_name(f".{dest.name}.{secrets.token_hex(4)}")
        try:
            try:
                os.link(source, partial)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
                    raise
                log.warning("copied %s: its disk cannot hold a link into the store", dest.name)
                shutil.copy2(source, partial)
            os.replace(partial, dest)
        finally:
            partial.unlink(missing_ok=True)


def remove_tree(path: Path) -> None:
    """Remove a folder even where unpacked archives left folders without write permission."""

    def unlock(function: Any, name: str, _: Any) -> None:
        os.chmod(os.path.dirname(name), 0o700)
        function(name)

    if path.exists():
        shutil.rmtree(path, onerror=unlock)
