"""What this machine has of which worlds are made."""

import os
import platform
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airgap.reproduce.seen import COMPILERS

NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child")
"""Starts a command whose mounts and processes end with it, even if it is killed."""

_WHO = """import os, platform, sys
if sys.implementation.name == "cpython":
    print(platform.python_version(), os.path.realpath(sys.executable))"""


@dataclass(frozen=True)
class Machine:
    """What of this machine makes worlds.

    Attributes:
        namespaces: Whether namespaces can be had, which takes root.
        user: Somebody whom root can become, and who was not given anything.
        pythons: Programs: this CPython 3.11, then one of each other patch release.
        compilers: The compilers that a build could find.
        libfaketime: The library that sets clocks, where it is installed.
        disorderfs: Whether the program is there that shuffles folders.
        taskset: Whether the program is there that keeps others from cores.
        cores: Those that this process may use.
    """

    namespaces: bool
    user: pwd.struct_passwd | None
    pythons: Sequence[str]
    compilers: Sequence[str]
    libfaketime: str | None
    disorderfs: bool
    taskset: bool
    cores: Sequence[int]


def look_around() -> Machine:
    """Find what this machine has; starts a few programs."""
    namespaces = os.geteuid() == 0 and ends_well([*NAMESPACES, "true"])
    nobody = [entry for entry in pwd.getpwall() if entry.pw_name == "nobody"]
    compilers = [path for name in COMPILERS if (path := shutil.which(name)) is not None]
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return Machine(
        namespaces=namespaces,
        user=nobody[0] if namespaces and nobody else None,
        pythons=_pythons(),
        compilers=sorted({os.path.realpath(path) for path in compilers}),
        libfaketime=str(libraries[0]) if libraries else None,
        disorderfs=shutil.which("disorderfs") is not None,
        taskset=shutil.which("taskset") is not None,
        cores=sorted(os.sched_getaffinity(0)),
    )


def become(user: pwd.struct_passwd) -> list[str]:
    """The start of a command line that root runs as somebody else."""
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids]


def ends_well(command: Sequence[str]) -> bool:
    """Whether a program can be started and has nothing to complain of."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _pythons() -> list[str]:
    """This CPython and those of other patch releases that are on PATH or came by pyenv or uv."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    found = [
        *(Path(folder, "python3.11") for folder in [*os.get_exec_path(), "/usr/bin"]),
        *pyenv.glob("versions/3.11.*/bin/python3.11"),
        *home.glob(".cache/airgap-pants/uv-pythons/cpython-3.11.*/bin/python3.11"),
    ]
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    releases = {platform.python_version(): own}
    for program in dict.fromkeys(os.path.realpath(path) for path in found if path.is_file()):
        done = subprocess.run([program, "-Ic", _WHO], capture_output=True, text=True, check=False)
        release, _, itself = done.stdout.strip().partition(" ")
        if release.startswith("3.11."):
            releases.setdefault(release, itself)
    return [*releases.values()]
