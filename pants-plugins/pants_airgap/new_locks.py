"""Writes the locks that a run has made, when the run is over.

A file that appears in the work tree during a run makes Pants begin it again. So the locks wait
here, and the callback that Pants calls at the end of each run, whether it succeeded or not, writes
them. A run that is killed writes none; the next one makes them again, which fetches nothing big.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from dataclasses import dataclass

from pants.base.build_root import BuildRoot
from pants.engine.addresses import Address
from pants.engine.fs import DigestContents
from pants.engine.rules import Rule, collect_rules, rule
from pants.engine.streaming_workunit_handler import (
    WorkunitsCallback,
    WorkunitsCallbackFactory,
    WorkunitsCallbackFactoryRequest,
)
from pants.engine.unions import UnionRule

REPLACED = "replaced/"
"""Below it are the locks of folders that stand in for models; they are of one build only."""

logger = logging.getLogger(__name__)

_waiting: dict[str, bytes] = {}


def note(locks: DigestContents, address: Address) -> None:
    """Have the locks written at the end of this run; paths are below the build root."""
    for lock in locks:
        if not lock.path.startswith(REPLACED) and lock.path not in _waiting:
            _waiting[lock.path] = lock.content
            logger.warning(
                f"{address} needs a lock that does not exist yet: made {lock.path}, which is "
                "written when this run ends. Commit it, so that every build has these files."
            )


@dataclass(frozen=True)
class WriteLocks(WorkunitsCallback):
    """Writes what waits, below the build root."""

    build_root: str

    @property
    def can_finish_async(self) -> bool:
        return False

    def __call__(self, *, finished: bool, **_: object) -> None:
        while finished and _waiting:
            path, content = _waiting.popitem()
            target = os.path.join(self.build_root, path)
            # Somebody may have made it meanwhile, and no build changes a lock.
            if not os.path.exists(target):
                _write(target, content)
                logger.info(f"Wrote {path}. Commit it.")


def _write(path: str, content: bytes) -> None:
    folder, name = os.path.split(path)
    partial = os.path.join(folder, f".{name}.{secrets.token_hex(4)}")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        raise


@dataclass(frozen=True)
class WriteLocksRequest(WorkunitsCallbackFactoryRequest):
    pass


@rule
def write_locks(_: WriteLocksRequest, build_root: BuildRoot) -> WorkunitsCallbackFactory:
    return WorkunitsCallbackFactory(lambda: WriteLocks(build_root.path))


def rules() -> tuple[Rule | UnionRule, ...]:
    return (*collect_rules(), UnionRule(WorkunitsCallbackFactoryRequest, WriteLocksRequest))
