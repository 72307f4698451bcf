"""Runs commands of the build machine as users do, in processes of their own, and stops them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from airgap import cli
from tests.airgap.transport.bundles import ROOT

Argument = str | Path

_STEPS = """
import os, signal, sys, threading
from airgap import cli

folder, last, group = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "group"
lock, steps = threading.Lock(), 0

def count(event, arguments):
    global steps
    if event not in ("fsync", "pwrite") and not any(
        isinstance(one, (str, os.PathLike)) and os.fspath(one).startswith(folder)
        for one in arguments
    ):
        return
    with lock:
        steps += 1
        if steps == last:
            (os.killpg if group else os.kill)(os.getpid(), signal.SIGKILL)

def counted(name):
    does = getattr(os, name)

    def step(*arguments):
        count(name, arguments)
        return does(*arguments)

    setattr(os, name, step)

sys.addaudithook(count)
counted("fsync")
counted("pwrite")
status = cli.main(sys.argv[4:])
print(f"steps {steps}", file=sys.stderr)
sys.exit(status)
"""

# What a process takes at most includes what the one took that it was forked from, so that is small.
_MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def start(*arguments: Argument, store: Path) -> "subprocess.Popen[str]":
    """Start the command line in the repository, in a session of its own."""
    return _start(["-m", cli.__name__, *arguments], store)


def run(*arguments: Argument, store: Path) -> tuple[int, str, str]:
    """Run it to its end; returns exit status, output, and what it said."""
    with start(*arguments, store=store) as process:
        output, said = process.communicate()
    return process.returncode, output, said


def steps_of(*arguments: Argument, folder: Path, store: Path) -> int:
    """How many steps a command takes in a folder: whatever it opens, renames or removes there, and
    what it writes and brings to the disk."""
    with _start(["-c", _STEPS, folder, "0", "", *arguments], store) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said
    return int(said.split()[-1])


def kill_at(step: int, *arguments: Argument, folder: Path, store: Path, group: bool) -> bool:
    """Run a command that is killed just before this step: alone, or with all that it started.

    Returns whether it got there: what comes by a pipe takes fewer steps at some times.
    """
    whom = "group" if group else "process"
    with _start(["-c", _STEPS, folder, str(step), whom, *arguments], store) as process:
        _, said = process.communicate()
    assert process.returncode in (-signal.SIGKILL, 0), said
    return process.returncode != 0


def start_split(bundle: Path, out: Path, size: str, *options: str) -> "subprocess.Popen[str]":
    """Start `split`; what it says is in ``stderr``."""
    return start("split", "--size", size, *options, bundle, out, store=bundle.parent / "store")


def run_split(bundle: Path, out: Path, size: str, *options: str) -> tuple[int, str, int]:
    """Run it to its end; see `run_measured`."""
    split = [sys.executable, "-m", cli.__name__, "split", "--size", size]
    return run_measured(*split, *options, bundle, out, store=bundle.parent / "store")


def run_measured(*command: Argument, store: Path) -> tuple[int, str, int]:
    """Run a command to its end.

    Returns exit status, what it said, and the memory of its largest process, in bytes.
    """
    with _start(["-c", _MEASURE, *command], store) as process:
        output, said = process.communicate()
    return process.returncode, said, int(output.split()[-1]) * 1024


def _start(arguments: list[Argument], store: Path) -> "subprocess.Popen[str]":
    environment: Mapping[str, str] = {
        **os.environ,
        "PYTHONPATH": str(Path(cli.__file__).parents[1]),
        "AIRGAP_STORE": str(store),
    }
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
