"""A copy of the launcher on a machine of its own: PATH, home, and package index."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

PYTHON = Path(os.path.realpath(sys.executable))
"""A CPython 3.11 that is no venv's."""

TOOLS = (
    "bash cat chmod cp dirname env flock grep ln mkdir mktemp mv readlink rm sed sha256sum touch"
).split()


@dataclass(frozen=True)
class Machine:
    """A machine on which only `TOOLS` are installed, and no package index can be reached.

    Attributes:
        repository: A clone of the files that the launcher reads.
        path: The one folder on PATH.
        home: HOME, empty at first.
        index: The one folder in which pip finds packages, empty at first.
    """

    repository: Path
    path: Path
    home: Path
    index: Path

    @property
    def setup(self) -> Path:
        """Where the launcher puts what it installs."""
        return self.home / ".cache" / "airgap-pants"

    def start(self, script: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a bash script in the clone, at the head of a process group of its own."""
        return subprocess.Popen(
            [self.path / "bash", "-euc", script],
            cwd=self.repository,
            env={
                "HOME": str(self.home),
                "PATH": str(self.path),
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.index),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(script, **environment)
        out, err = process.communicate()
        return subprocess.CompletedProcess(script, process.returncode, out, err)

    def call(self, function: str) -> str:
        """A script that calls one of the launcher's functions, and nothing else of it."""
        text = (self.repository / ".pants.bootstrap").read_text()
        functions, start = text.rstrip("\n").rsplit("\n", 1)
        assert start == "pants_bootstrap"
        (self.repository / "functions").write_text(functions)
        return f'. ./functions; mkdir -p "$pants_home"; {function}'

    def venv(self, lock: str) -> Path:
        """Where a lock's venv is, once it is made."""
        (found,) = self.setup.glob(f"{lock}-????????????")
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(*(tmp_path / name for name in ("clone", "path", "home", "index")))
    for folder in (made.path, made.home, made.index, made.repository / "third_party"):
        folder.mkdir(parents=True)
    for name in ("pants", ".pants.bootstrap", "pants.toml"):
        shutil.copy(REPOSITORY / name, made.repository)
    shutil.copytree(REPOSITORY / "third_party/python", made.repository / "third_party/python")
    for tool in TOOLS:
        program = shutil.which(tool)
        assert program is not None, tool
        (made.path / tool).symlink_to(program)
    return made
