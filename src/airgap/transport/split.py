"""Cuts a whole bundle into parts: the command ``split``."""

import re
import sys
from pathlib import Path

from airgap.errors import AirgapError
from airgap.store import Store
from airgap.transport.contents import read_contents
from airgap.transport.transfer import write_transfer

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def split(store: Store, root: Path, bundle: Path, out: Path, size: int, volumes: int) -> None:
    """Write a bundle as parts smaller than ``size`` bytes, and say what it is.

    Args:
        store: Where the packages of the repair program are kept; used with ``volumes`` alone.
        root: The repository.
        volumes: How many lost parts can be made anew from the recovery files.

    Raises:
        AirgapError: See `write_transfer`.
    """
    contents = read_contents(bundle)
    transfer = write_transfer(store, root, contents, contents.tree, out, size, volumes=volumes)
    print(f"bundle {transfer.bundle} sha256:{transfer.digest}", file=sys.stderr)


def parse_size(text: str) -> int:
    """Bytes from a size such as ``4G``, with units of 1024.

    Raises:
        AirgapError: It is none.
    """
    match = re.fullmatch(r"([0-9]+)([KMGT]?)", text.upper())
    if match is None or not int(match[1]):
        raise AirgapError(
            "reading the size",
            text,
            expected="a number of bytes, or one with K, M, G or T",
            remedy="for example --size 4G, whose parts fit FAT32 and a DVD",
        )
    return int(match[1]) * _UNITS[match[2]]
