"""Runs `split` as users do, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from airgap import cli
from tests.airgap.transport.bundles import ROOT


def start_split(bundle: Path, out: Path, size: str, *options: str) -> "subprocess.Popen[str]":
    """Start the command line in the repository; what it says is in ``stderr``."""
    return subprocess.Popen(
        [sys.executable, "-m", cli.__name__, "split", "--size", size, *options, bundle, out],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(cli.__file__).parents[1]),
            "AIRGAP_STORE": str(bundle.parent / "store"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_split(bundle: Path, out: Path, size: str, *options: str) -> tuple[int, str, int]:
    """Run it to its end; returns exit status, what it said, and its memory at most, in bytes."""
    process = start_split(bundle, out, size, *options)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, said, usage.ru_maxrss * 1024
