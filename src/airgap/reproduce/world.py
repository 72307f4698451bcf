"""Two worlds in which one build has to give the same bytes.

The near world is the machine as it is. The far one differs in all that a program can see of a
machine and that is no input of a build. What takes namespaces of their own (another user, a false
clock for every program, shuffled folders, hidden compilers, no network) is for root alone.
"""

import os
import pwd
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airgap.reproduce.machine import NAMESPACES, Machine, become, ends_well

_YEARS = 10

_READY = "/etc/airgap-clock-is-set"
_WAITS = "waits-for-the-clock"

_LONG = "-".join(["a-longer-name-of-a-folder"] * 4)


@dataclass(frozen=True)
class World:
    """How a program is run in a world.

    Attributes:
        name: ``near`` or ``far``.
        folder: Where the build finds its files.
        real: The same folder, as everybody else sees it.
        python: The interpreter.
        environ: All of the environment.
        umask: Of the build's processes.
        cores: Those that it may use; empty for all.
        user: Whose the build is; None for whoever started this.
        mounts: Lines of sh, run as root in namespaces before anything else. None: no namespaces.
        clock: A line of sh that sets the clock of all programs that are started after it.
    """

    name: str
    folder: Path
    real: Path
    python: str
    environ: dict[str, str]
    umask: int
    cores: Sequence[int] = ()
    user: pwd.struct_passwd | None = None
    mounts: Sequence[str] | None = None
    clock: str = ""

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command line for a program of this world's Python; the umask is for the caller."""
        environ = (f"{name}={value}" for name, value in self.environ.items())
        inner = ["env", "-i", *environ, self.python, "-s", "-P", *arguments]
        if self.cores:
            inner = ["taskset", "--cpu-list", ",".join(map(str, self.cores)), *inner]
        if self.mounts is None:
            return ["sh", "-euc", 'cd "$0"; exec "$@"', str(self.folder), *inner]
        if self.clock:
            # A process that meets the library as one user cannot become another one after that.
            wait = f'>{_WAITS}; until [ -e {_READY} ]; do sleep 0.1; done; exec "$@"'
            inner = ["sh", "-euc", wait, "sh", *inner]
        if self.user is not None:
            inner = [*become(self.user), *inner]
        script = "\n".join([*self.mounts, 'cd "$0"', '"$@" &', self.clock, "wait $!"])
        return [*NAMESPACES, "sh", "-euc", script, str(self.folder), *inner]


def make_worlds(machine: Machine, real: Path, places: Path) -> tuple[World, World]:
    """The near world and the far one.

    Args:
        real: An empty folder; gets the folders of both, and what the mounts need.
        places: An empty folder that everybody may enter. With namespaces, each of the two worlds
            sees its folder there, under a name of its own; without, it is where it is.
    """
    if machine.namespaces:
        near, far = (places / "a", real / "near"), (places / _LONG, real / "far")
    else:
        near, far = (real / "near",) * 2, (real / _LONG,) * 2
    for folder in (*near, *far):
        folder.mkdir(exist_ok=True)
    pythons = _two_pythons(machine)
    return (
        World(
            name="near",
            folder=near[0],
            real=near[1],
            python=pythons[0],
            environ={
                "HOME": str(near[0] / "home"),
                "LC_ALL": "C.UTF-8",
                "PATH": os.environ.get("PATH", os.defpath),
                "TMPDIR": str(near[0] / "tmp"),
                "TZ": "UTC",
            },
            umask=0o022,
            mounts=(_bind(near[1], near[0]),) if machine.namespaces else None,
        ),
        World(
            name="far",
            folder=far[0],
            real=far[1],
            python=pythons[1],
            environ={
                "HOME": str(far[0] / "else" / "where"),
                "LC_ALL": "POSIX",
                "PATH": os.defpath,
                # Otherwise Python takes UTF-8 there too.
                "PYTHONCOERCECLOCALE": "0",
                "PYTHONUTF8": "0",
                "TMPDIR": str(far[0] / "other" / "files"),
                "TZ": "<+14>-14",
            },
            umask=0o077,
            cores=machine.cores[:1] if machine.taskset else (),
            user=machine.user,
            mounts=_far_mounts(machine, *far) if machine.namespaces else None,
            clock=_clock(machine, real) if machine.namespaces and machine.libfaketime else "",
        ),
    )


def _bind(real: Path | str, place: Path | str) -> str:
    return f"mount --bind {shlex.quote(str(real))} {shlex.quote(str(place))}"


def _far_mounts(machine: Machine, place: Path, real: Path) -> tuple[str, ...]:
    hidden = (_bind(os.devnull, path) for path in machine.compilers)
    if not machine.disorderfs:
        return (_bind(real, place), *hidden)
    # It asks for files in the user's name, who may have no way to where they really are.
    below = place.with_name("below")
    below.mkdir()
    options = "-q --multi-user=yes --shuffle-dirents=yes -o big_writes"
    folders = f"{shlex.quote(str(below))} {shlex.quote(str(place))}"
    return (_bind(real, below), f"disorderfs {options} {folders}", *hidden)


def _clock(machine: Machine, real: Path) -> str:
    """Lay a setting over those of the machine by which every program loads the library.

    By the environment it would reach few: the programs that matter start others with one of their
    own.
    """
    settings = real / "etc"
    settings.mkdir()
    (settings / "ld.so.preload").write_text(f"{machine.libfaketime}\n")
    (settings / "faketimerc").write_text(f"+{_YEARS}y\n")
    (settings / Path(_READY).name).touch()
    for path in (settings, *settings.iterdir()):
        path.chmod(0o755)
    over = f"mount -t overlay -o lowerdir={shlex.quote(str(settings))}:/etc none /etc"
    wait = f"until [ -e {_WAITS} ]; do kill -0 $! || exit; sleep 0.1; done"
    # The library leaves files there for each process.
    return "\n".join([wait, "mount -t tmpfs -o mode=1777 none /dev/shm", over])


def _two_pythons(machine: Machine) -> tuple[str, str]:
    """The near and the far world's programs; the far one is one that its user can run."""
    as_user = become(machine.user) if machine.user is not None else []
    own, *others = machine.pythons
    for far in (*others, own):
        if ends_well([*as_user, far, "-c", ""]):
            return own if far != own else next(iter(others), own), far
    return own, own
