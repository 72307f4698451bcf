"""File systems of a test's own: small, full, or read-only."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest


@contextlib.contextmanager
def mounted(folder: Path, *arguments: str | Path) -> Iterator[Path]:
    """A file system on a folder for the time of the block."""
    folder.mkdir(exist_ok=True)
    ran = subprocess.run(["mount", *arguments, folder], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        not_here(f"cannot mount: {ran.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def memory_disk(folder: Path, options: str) -> contextlib.AbstractContextManager[Path]:
    """A disk in memory; ``size=4m`` is one of its options."""
    return mounted(folder, "-t", "tmpfs", "-o", options, "tmpfs")


@contextlib.contextmanager
def disk_for_zeros(folder: Path, size: int) -> Iterator[Path]:
    """A disk of this many bytes, kept in memory, of which zeros take next to nothing.

    See the kernel's admin-guide/blockdev/zram.rst.
    """
    if shutil.which("modprobe"):
        subprocess.run(["modprobe", "-q", "zram"], check=False)
    control = Path("/sys/class/zram-control")
    try:
        # Reading this file adds a device.
        number = (control / "hot_add").read_text().strip()
    except OSError as error:
        not_here(f"cannot add a zram device: {error}")
    try:
        Path(f"/sys/block/zram{number}/disksize").write_text(str(size))
        device = f"/dev/zram{number}"
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard", device], check=True)
        with mounted(folder, device) as disk:
            yield disk
    finally:
        (control / "hot_remove").write_text(number)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def make_writable(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def fill_up(disk: Path) -> Path:
    """Write a file that leaves no room, and return it."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return ballast


def not_here(why: str) -> NoReturn:
    """Skip the test, or fail where it must run."""
    if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
        pytest.fail(why)
    pytest.skip(f"{why} here")
