"""A built bundle, and running its program."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.needs import PATH, missing, program


def dist() -> Path:
    """The dist folder of the build that the tests belong to."""
    return Path(os.environ.get("ROOT", os.getcwd())) / "dist"


def built(path: str, target: str) -> Path:
    """What was built of ``target``, at ``path`` below the dist folder.

    Skips the test, saying why, where a source that it is made of could not be had: that may be so
    wherever the tests run. Else it must be there.
    """
    # Pants gives a test the receipt of this build; by hand it is beside what was built.
    for folder in (Path.cwd(), dist()):
        receipt = folder / f"{path}.receipt"
        if receipt.is_file():
            if reason := json.loads(receipt.read_bytes()).get("left_out"):
                pytest.skip(f"{target} is not built: {reason}")
            break
    if not (dist() / path).is_dir():
        missing(f"dist/{path} is not built: `./pants package {target}`")
    return dist() / path


@dataclass(frozen=True)
class Bundle:
    """A bundle folder, and the environment in which its program runs.

    Attributes:
        folder: The bundle.
        environ: DOCKER_HOST and settings (AIRGAP_<KEY>) beside PATH and LANG.
        user: What comes before the program, for a user other than this one.
        client: Docker's client; one far older or newer than the daemon is refused by it.
    """

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    user: tuple[str, ...] = ()
    client: str = "docker"

    def airgap(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs the bundle's program from a folder that is not the bundle's."""
        return subprocess.run(
            [*self.user, self.folder / "airgap", *arguments],
            cwd="/",
            env={"PATH": PATH, "LANG": "C.UTF-8", **self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1200,
        )

    def docker(self, *arguments: str) -> str:
        """What a command of Docker's client prints; fails when it fails."""
        return self.output(*arguments).decode()

    def output(self, *arguments: str) -> bytes:
        """Like ``docker``, for what is no text."""
        done = subprocess.run(
            [program(self.client), *arguments],
            env={"PATH": PATH, **self.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def inspect(self, name: str) -> dict[str, Any]:
        (found,) = json.loads(self.docker("inspect", name))
        assert isinstance(found, dict)
        return found

    def left(self) -> tuple[str, ...]:
        """Every container and network of this daemon, by which one sees what a command made."""
        containers = self.docker("ps", "--all", "--no-trunc", "--format", "{{.ID}}")
        return (*containers.split(), *self.docker("network", "ls", "--format", "{{.Name}}").split())


def shadow(bundle: Path, copy: Path) -> None:
    """A copy of a bundle for damaging: small files are copies, large ones links to the originals.

    Who changes a large file replaces its link, so that the original is never written to.
    """
    for folder, _, files in os.walk(bundle):
        target = copy / Path(folder).relative_to(bundle)
        target.mkdir(parents=True)
        for name in files:
            source = Path(folder) / name
            if source.stat().st_size < 1_000_000:
                shutil.copy(source, target / name)
                (target / name).chmod(0o755 if os.access(source, os.X_OK) else 0o644)
            else:
                (target / name).symlink_to(source)
