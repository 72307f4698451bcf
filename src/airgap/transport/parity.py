"""Recovery files, from which parts that were damaged or lost are made anew.

They are those of PAR2 (parity volume set specification 2.0), over the finished part files, made by
Debian's ``par2``, which is locked in ``third_party/debian/par2.lock`` and runs with its own loader
and libraries. The same program travels in ``recovery/``, so that the receiver needs none::

    recovery/ld-linux-x86-64.so.2 --library-path recovery recovery/par2 repair <prefix>.par2
"""

import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from airgap.errors import AirgapError
from airgap.fetch import progress
from airgap.fetch.debs import fetch_debs
from airgap.image.deb import members
from airgap.locks import debian
from airgap.store import Store
from airgap.transport.outbox import Outbox

FOLDER = "recovery"
BLOCKS = 8
"""Blocks that a part is taken as; a recovery block replaces any one of them."""

_MOST_BLOCKS = 32768  # of the format
_MEMORY = 512  # MB that par2 may take; with less it reads the parts more often
_LOCK = Path("third_party/debian/par2.lock")
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_PROGRAM = "par2"
_LOADER = "ld-linux-x86-64.so.2"
_FILES = {
    _PROGRAM: f"usr/bin/{_PROGRAM}",
    **{
        name: f"{_LIBRARIES}/{name}"
        for name in (
            _LOADER,
            *("libc.so.6", "libgcc_s.so.1", "libgomp.so.1", "libm.so.6", "libstdc++.so.6"),
        )
    },
}


def unpack_par2(store: Store, root: Path, folder: Path) -> None:
    """Put the program, what it loads and its licences into ``folder``, which is made.

    Args:
        root: The repository.

    Raises:
        AirgapError: A package cannot be had, or lacks a file.
    """
    packages = debian.parse((root / _LOCK).read_text(), str(_LOCK))
    with progress.shown() as shown:
        fetch_debs(store, packages, shown)
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for package in packages:
        for member in members(store.path(package.blob)):
            if member.info.issym():
                target = posixpath.join(posixpath.dirname(member.path), member.target)
                links[member.path] = posixpath.normpath(target)
            elif member.file and re.match(r"usr/(bin/par2|lib/|share/doc/)", member.path):
                files[member.path] = member.file.read()
    licences = {f"{p.name}.copyright": f"usr/share/doc/{p.name}/copyright" for p in packages}
    folder.mkdir()
    for name, path in {**_FILES, **licences}.items():
        data = files.get(links.get(path, path))
        if data is None and name in licences:
            # Its documentation is that of another package.
            continue
        if data is None:
            raise AirgapError(
                "unpacking par2 from", str(_LOCK), expected=f"a file {path}", found="none"
            )
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o644 if name in licences else 0o755)


def refuse_too_many(bundle: str, parts: int, volumes: int) -> None:
    """Look at the numbers before hours of writing.

    Raises:
        AirgapError: The format does not know as many blocks.
    """
    most = _MOST_BLOCKS // BLOCKS
    if volumes < 0 or (volumes and max(parts, volumes) > most):
        raise AirgapError(
            "making recovery files for",
            bundle,
            expected=f"at most {most} parts, and for --parity a number of parts from 0 on",
            found=f"{parts} parts, --parity {volumes}",
            remedy="choose a larger --size, or another number",
        )


def make_parity(program: Path, out: Outbox, work: Path, count: int, size: int) -> None:
    """Write recovery files as large as ``count`` parts, each a file smaller than ``size`` bytes.

    par2 reads the parts at least once, more often where blocks are larger than its memory.

    Args:
        program: The folder that `unpack_par2` made.
        work: The folder to write them into, made anew.

    Raises:
        AirgapError: They do not fit ``size``, or par2 failed.
    """
    # A file with all blocks of a part would be as large as a part, and its own tables on top.
    for each in range(BLOCKS - 1, 0, -1):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        _run(program, out, work, BLOCKS * count, -(-BLOCKS * count // each))
        if all(path.stat().st_size < size for path in work.iterdir()):
            return
    raise AirgapError(
        "making recovery files for",
        out.transfer.bundle,
        expected=f"files smaller than {size} bytes",
        found="more, for what they tell of all parts",
        remedy="choose a larger --size",
    )


def blocks_in(names: Iterable[str]) -> int:
    """How many recovery blocks files of these names hold."""
    found = (re.search(r"\.vol[0-9]+\+([0-9]+)\.par2$", name) for name in names)
    return sum(int(match[1]) for match in found if match)


def _run(program: Path, out: Outbox, work: Path, blocks: int, files: int) -> None:
    part = out.cut.header + out.cut.length(1)
    block = -(-part // (BLOCKS * 4)) * 4
    options: Mapping[str, object] = {"s": block, "c": blocks, "n": files, "m": _MEMORY}
    ran = subprocess.run(
        [
            *(program / _LOADER, "--library-path", program, program / _PROGRAM),
            *("create", "-q", "-q", "-u", "-B", out.folder),
            *(f"-{name}{value}" for name, value in options.items()),
            work / f"{out.transfer.prefix}.par2",
            *(out.finished(number) for number in range(1, out.cut.count + 1)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # While it works the folder is taken, even where a kill has ended only who started it.
        pass_fds=[out.lock],
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise AirgapError(
            "making recovery files for",
            out.transfer.bundle,
            expected="par2 to end well",
            found=f"exit {ran.returncode}: {ran.stdout.strip()[-500:]}",
            remedy="free some disk space if that is what it lacks, then run the same command again",
        )
