"""Sends of a bundle only what a receiver lacks: the command ``delta``.

The receiver tells what it has in an *inventory*, version 1, which ``airgap inventory`` writes::

    airgap-inventory 1
    bundle <name> sha256:<digest of the bundle that it has>
    <sha256> <bytes>               (each content that is there and whole, sorted; 0 bytes where
                                    Docker alone has it)
    end <sha256 of all lines above>

A delta is a transfer like that of a whole bundle, with fewer files in its stream. The manifest is
always among them: from it the receiver knows what all files of the bundle must be.
"""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from airgap.bundle import CONF
from airgap.errors import AirgapError
from airgap.fetch.progress import human
from airgap.store import Store
from airgap.transport import manifest
from airgap.transport.contents import SIGNATURE, read_contents
from airgap.transport.stream import lay_out
from airgap.transport.transfer import write_transfer
from airgap.tree import Tree

FIRST_LINE = "airgap-inventory 1"

_ALWAYS = frozenset({manifest.NAME, SIGNATURE, CONF})
_BUNDLE = re.compile(r"bundle [A-Za-z0-9][A-Za-z0-9._-]* sha256:[0-9a-f]{64}")
_LINE = re.compile(r"[0-9a-f]{64} [0-9]+")


@dataclass(frozen=True)
class Inventory:
    """What a receiver has.

    Attributes:
        sha256: That of the inventory itself.
        contents: The sha256 of each content that is there.
    """

    sha256: str
    contents: frozenset[str]


def delta(
    store: Store, root: Path, inventory: Path, bundle: Path, out: Path, size: int, volumes: int
) -> None:
    """Write what an inventory lacks of a bundle as parts, and say how much that is.

    Reads the files that are sent, and no others.

    Args:
        store: Where the packages of the repair program are kept; used with ``volumes`` alone.
        root: The repository.
        size: Each part is smaller than this many bytes.
        volumes: How many lost parts can be made anew from the recovery files.

    Raises:
        AirgapError: The inventory is damaged or none at all; or see `write_transfer`.
    """
    have = read_inventory(inventory)
    contents = read_contents(bundle)
    lacking = choose(contents.tree, have)
    transfer = write_transfer(
        store, root, contents, lacking, out, size, volumes=volumes, inventory=have.sha256
    )
    whole = lay_out(contents.tree).size
    sent, of = (sum(one.link is None for one in tree.values()) for tree in (lacking, contents.tree))
    print(
        f"bundle {transfer.bundle} sha256:{transfer.digest}\n"
        f"{sent} of {of} files travel, {human(transfer.stream)} instead of {human(whole)}",
        file=sys.stderr,
    )


def read_inventory(path: Path) -> Inventory:
    """Read an inventory.

    Raises:
        AirgapError: It is none of this version, or not as it was written.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise _damaged(path, "the file that `airgap inventory` wrote", "no such file") from error
    first, _, rest = data.decode("ascii", "replace").partition("\n")
    if first != FIRST_LINE:
        raise _damaged(path, f"the first line `{FIRST_LINE}`", repr(first[:60]))
    body, _, end = rest.rpartition("\nend ")
    body += "\n"
    text = f"{first}\n{body}".encode("ascii", "replace")
    if end != hashlib.sha256(text).hexdigest() + "\n":
        raise _damaged(path, "a last line with the sha256 of those above", "another, or none")
    bundle, *lines = body.removesuffix("\n").split("\n")
    wrong = [line for line in lines if not _LINE.fullmatch(line)]
    if not _BUNDLE.fullmatch(bundle) or wrong:
        raise _damaged(path, "lines `<sha256> <bytes>`", [bundle, *wrong][-1][:120])
    return Inventory(hashlib.sha256(data).hexdigest(), frozenset(line[:64] for line in lines))


def choose(tree: Tree, have: Inventory) -> Tree:
    """Of a bundle's files those that a receiver lacks, each content once.

    Links and what can be run travel all, as an inventory tells nothing of these kinds.
    """
    lacking: Tree = {}
    there = set(have.contents)
    for member in lay_out(tree).members:
        sha256 = member.entry.blob.sha256
        entry = member.entry
        told = entry.link is None and not entry.executable and member.path not in _ALWAYS
        if not told or sha256 not in there:
            lacking[member.path] = entry
            if entry.link is None:
                there.add(sha256)
    return lacking


def _damaged(path: Path, expected: str, found: str) -> AirgapError:
    return AirgapError(
        "reading the inventory",
        str(path),
        expected=expected,
        found=found,
        remedy="take the file again from the receiver, unchanged; there `airgap inventory` writes"
        " it anew",
    )
