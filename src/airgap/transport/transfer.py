"""Writes a transfer: the parts of a stream, and what goes with them, into a folder."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from airgap.errors import AirgapError
from airgap.fetch import progress
from airgap.fetch.progress import Progress, human
from airgap.store import Store, disk_errors, hash_file
from airgap.transport import outbox, parity, parts, plan, program
from airgap.transport.contents import Contents
from airgap.transport.outbox import Outbox
from airgap.transport.parts import Header, Transfer
from airgap.transport.payloads import write_payloads
from airgap.transport.plan import Carried
from airgap.transport.stream import lay_out
from airgap.tree import Tree

_RECOVERY_PROGRAM = 8_000_000
"""Bytes that par2 and its libraries take, at most."""

_CHUNK = 1 << 20


def write_transfer(
    store: Store,
    root: Path,
    contents: Contents,
    tree: Tree,
    folder: Path,
    size: int,
    *,
    volumes: int = 0,
    inventory: str | None = None,
) -> Transfer:
    """Cut these files of a bundle into parts below ``folder``, each smaller than ``size`` bytes.

    Reads the files once and writes them once, with a few megabytes of memory; goes on where an
    earlier run of the same was stopped. The same bundle gives the same bytes.

    Args:
        store: Where the packages of the repair program are kept; used with ``volumes`` alone.
        root: The repository.
        tree: All files of the bundle, or those that are sent.
        volumes: How many lost parts can be made anew from the recovery files.
        inventory: Of a delta, the sha256 of the inventory that it is made for.

    Raises:
        AirgapError: A file of the bundle is not what the manifest says, the folder holds another
            transfer or another run is at work there, or the disk refuses.
    """
    stream = lay_out(tree)
    transfer = Transfer(contents.name, contents.digest, stream.size, stream.image, inventory)
    cut = parts.cut(transfer, size)
    parity.refuse_too_many(transfer.bundle, cut.count, volumes)
    with _refusals(folder), outbox.opened(folder, transfer, cut) as out:
        _need_space(out, volumes)
        with progress.shown(verb="pack") as shown:
            shown.expect(cut.count, stream.size)
            payloads = write_payloads(contents, stream, out, shown)
        for number in range(1, cut.count + 1):
            _finish(out, Header(transfer, cut.header, number, payloads))
        if not _has_recovery(out, volumes):
            (folder / outbox.LIST).unlink(missing_ok=True)
            out.sync()
            _write_recovery(store, root, out, volumes, size)
        _write_rest(root, out)
        out.close()
    return transfer


def _finish(out: Outbox, header: Header) -> None:
    """Give a part its header and its name."""
    data = parts.render(header)
    finished, partial = out.finished(header.number), out.partial(header.number)
    if finished.exists():
        with open(finished, "rb") as file:
            if file.read(len(data)) == data:
                return
        finished.rename(partial)
    with open(partial, "r+b") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(finished)


def _write_recovery(store: Store, root: Path, out: Outbox, volumes: int, size: int) -> None:
    """Put the recovery files and the program for them into the folder, or take them away."""
    partial = out.folder / f"{parity.FOLDER}.partial"
    for folder in (out.folder / parity.FOLDER, partial):
        shutil.rmtree(folder, ignore_errors=True)
    for path in _recovery_files(out):
        path.unlink()
    if not volumes:
        return
    try:
        with store.workdir() as work:
            # Made there, because a medium may be one from which nothing can be run.
            program = work / parity.FOLDER
            parity.unpack_par2(store, root, program)
            parity.make_parity(program, out, partial, volumes, size)
            (partial / parity.FOLDER).mkdir()
            for path in program.iterdir():
                _copy(path, partial / parity.FOLDER / path.name)
        for path in partial.iterdir():
            if path.is_file():
                _sync(path)
            path.rename(out.folder / path.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_rest(root: Path, out: Outbox) -> None:
    """Write the program for the receiver, the plan of media, and last the list of all files.

    Reads the parts once more, on all cores: what `sha256sum` says of a part is known only when its
    header is, and that needs the payloads of all parts.
    """
    out.write(program.NAME, program.render_program(root / "src/host"), executable=True)
    recovery = sorted((out.folder / parity.FOLDER).glob("*"))
    finished = [out.finished(number) for number in range(1, out.cut.count + 1)]
    others = [out.folder / program.NAME, *_recovery_files(out), *recovery]
    paths = [*finished, *others]
    with progress.shown(verb="check") as shown, ThreadPoolExecutor(os.cpu_count()) as threads:
        shown.expect(len(paths), sum(path.stat().st_size for path in paths))
        carried = list(threads.map(lambda path: _carried(out.folder, path, shown), paths))
    page = plan.render_plan(out.transfer, carried[: len(finished)], carried[len(finished) :])
    out.write(plan.NAME, page)
    carried.append(_carried(out.folder, out.folder / plan.NAME, Progress()))
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in carried)
    out.sync()
    out.write(outbox.LIST, "".join(sorted(lines, key=lambda line: line[66:])).encode())


def _has_recovery(out: Outbox, volumes: int) -> bool:
    """Whether just these recovery files are there already, with what repairs, and whole."""
    try:
        lines = (out.folder / outbox.LIST).read_text().splitlines()
        listed = {line[66:]: line[:64] for line in lines if not line.endswith(".part")}
        whole = all(hash_file(out.folder / name).sha256 == sha for name, sha in listed.items())
    except (FileNotFoundError, UnicodeDecodeError, ValueError):
        return False
    return whole and parity.blocks_in(listed) == parity.BLOCKS * volumes


def _need_space(out: Outbox, volumes: int) -> None:
    """Stop before hours of writing that cannot end well."""
    cut = out.cut
    needed = cut.count * cut.header + cut.stream
    present = [path for n in range(1, cut.count + 1) if (path := out.found(n))]
    if volumes:
        needed += volumes * (cut.header + cut.length(1)) + _RECOVERY_PROGRAM
        present += _recovery_files(out)
    needed -= sum(path.stat().st_blocks * 512 for path in present)
    disk = os.statvfs(out.folder)
    free = disk.f_bavail * disk.f_frsize
    # Some that are mounted over a network or by a program do not tell.
    if disk.f_blocks and free < needed:
        raise AirgapError(
            "writing parts into",
            str(out.folder),
            expected=f"{human(needed)} of free disk space",
            found=human(free),
            remedy="free some space or name a folder on another disk, then run the same command"
            " again",
        )


@contextlib.contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    """Say what a disk refuses: space, permission, files as large as these, or to work at all."""
    try:
        with disk_errors("writing parts into", folder):
            yield
    except OSError as error:
        large = error.errno == errno.EFBIG
        raise AirgapError(
            "writing parts into",
            str(folder),
            expected="a disk that takes files of this size" if large else None,
            found=f"{error.strerror}: `{error.filename or 'the disk'}`",
            remedy="choose a smaller --size (4G or less for FAT32) and another folder"
            if large
            else "look at the disk, then run the same command again to go on; or name a folder on"
            " another one",
        ) from error


def _recovery_files(out: Outbox) -> list[Path]:
    return sorted(out.folder.glob(f"{out.transfer.prefix}.*par2"))


def _carried(folder: Path, path: Path, shown: Progress) -> Carried:
    name, size = str(path.relative_to(folder)), path.stat().st_size
    shown.begin(name, size)
    sha256, done = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            sha256.update(data)
            done += len(data)
            shown.update(name, done)
    shown.end(name, done)
    return Carried(name, done, sha256.hexdigest())


def _copy(source: Path, dest: Path) -> None:
    shutil.copyfile(source, dest)
    # Disks without such bits say so in many ways.
    with contextlib.suppress(OSError):
        shutil.copymode(source, dest)
    _sync(dest)


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
