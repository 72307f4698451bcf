"""Building where there is no network: a copy of the repository, and a store of what is fetched."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from airgap.addresses import find_locks
from airgap.cli import default_store
from airgap.locks import debian, model, python, source
from airgap.locks.python import Wheel
from airgap.store import Blob, Store
from airgap.store.disk import link_or_copy
from tests.e2e.bundle import dist
from tests.e2e.needs import PATH, missing, program

_NOT_THE_REPOSITORY = ("dist", ".git", ".pants.d", ".pants.workdir*", "__pycache__", ".*_cache")


@dataclass(frozen=True)
class Builder:
    """A copy of the repository, and a store in which nothing is made yet.

    Attributes:
        folder: Holds the copy and Pants' named caches.
        real: The store of this machine.
        home: What comes before a command that runs with the machine's own network.
    """

    folder: Path
    real: Store
    home: list[str]

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def caches(self) -> Path:
        return self.folder / "caches"

    @property
    def store(self) -> Store:
        return Store(self.caches / "airgap_store")

    def prepare(self) -> None:
        """Copies the repository; Pants' own caches are those of this machine."""
        leave_out = shutil.ignore_patterns(*_NOT_THE_REPOSITORY)
        shutil.copytree(dist().parent, self.repository, symlinks=True, ignore=leave_out)
        (self.folder / "tmp").mkdir()
        self.caches.mkdir()
        pex_root = default_store().with_name("pex_root")
        if not pex_root.is_dir():
            missing(f"Pants has no {pex_root}: `./pants package bundles/demo:`")
        (self.caches / "pex_root").symlink_to(pex_root)

    def fill(self, addresses: Iterable[str]) -> None:
        """Gives the store what is fetched for these targets, and nothing that was made of it."""
        store = self.store
        for blob in {blob for address in addresses for blob in self._fetched(address)}:
            link_or_copy(self.real.path(blob), store.path(blob))
        for path in sorted((self.real.root / "recipes").iterdir()):
            found = json.loads(path.read_bytes())
            # What git brought is known by this alone.
            if found["recipe"]["name"] == "source":
                shutil.copy(path, store.root / "recipes")
                for values in found["outputs"].values():
                    blob = Blob(*values)
                    link_or_copy(self.real.path(blob), store.path(blob))

    def _fetched(self, address: str) -> Iterator[Blob]:
        for path, kind in find_locks(self.repository, address).items():
            text, origin = path.read_text(), str(path)
            if kind == "debian_packages":
                yield from (package.blob for package in debian.parse(text, origin))
            elif kind == "git_source":
                filler = source.parse(text, origin).filler
                # Not asked for where the copy is whole.
                yield from [filler.blob] if filler and self.real.has(filler.blob) else []
            elif kind == "model":
                yield from self._of_model(model.parse(text, origin))
            else:
                backends = path.with_name("sdist-build.lock").read_text()
                for wheel in (*python.parse(text, origin), *python.parse(backends, origin)):
                    yield self._there(wheel.sdist.blob if wheel.sdist else wheel.blob, str(wheel))

    def _of_model(self, lock: model.ModelLock) -> Iterator[Blob]:
        # Where the package is gone since the model was made of it, the model itself was filled in.
        if isinstance(lock.origin, Wheel) and self.real.has(lock.origin.blob):
            yield lock.origin.blob
        else:
            yield from (self._there(file.blob, f"{lock.name}/{file.path}") for file in lock.files)

    def _there(self, blob: Blob, name: str) -> Blob:
        if not self.real.has(blob):
            missing(f"the store {self.real.root} has no {name}: `./pants package bundles/demo:`")
        return blob

    def pants(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs Pants with the machine's network and this machine's store."""
        return self._run([*self.home, "./pants", "--no-pantsd", *arguments])

    def sealed_pants(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs Pants where there is no interface, and where loopback is down, with this store."""
        alone = [program("unshare"), "--net", "./pants", "--no-pantsd"]
        return self._run([*alone, f"--named-caches-dir={self.caches}", *arguments])

    def _run(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        environ = {"PATH": PATH, "LANG": "C.UTF-8", "TMPDIR": str(self.folder / "tmp")}
        for name in ("HOME", "XDG_CACHE_HOME"):
            environ |= {name: os.environ[name]} if name in os.environ else {}
        return subprocess.run(
            command,
            cwd=self.repository,
            env={"HOME": str(Path.home()), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1800,
        )
