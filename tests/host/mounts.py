"""File systems for the time of a test."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory on a folder; the test is skipped, or fails, where none can be."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        lacks(f"a file system cannot be mounted here: {ran.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def lacks(reason: str) -> None:
    """Skips the test, or fails where everything must be there."""
    if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
