"""Fetches wheels with pip, so that indexes, proxies, certificates and logins are the machine's own.

pip only carries: which file it must be is the lock's word, by ``--require-hashes`` in pip and once
more when the file enters the store.
"""

import contextlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from airgap.errors import AirgapError
from airgap.fetch import missing, pip
from airgap.fetch.parallel import run_all
from airgap.fetch.progress import Progress
from airgap.locks.python import Wheel
from airgap.store import Blob, Store

_LARGE = 16_000_000
"""From this size on (bytes) a wheel has a pip of its own: starting pip costs about half a second
of a core, as much as a wheel of this size takes to download."""

_GROUP = 12
"""How many small wheels share a pip; a kill loses at most this many."""

_WORKERS = 4
"""More pips than cores, because most of them wait for the network."""

PYTORCH_CPU = "https://download.pytorch.org/whl/cpu"


def fetch_wheels(
    store: Store, wheels: Iterable[Wheel], progress: Progress, backend: Sequence[Wheel] = ()
) -> None:
    """Bring into the store those of the wheels that it lacks.

    Downloads each byte once; what was complete before a kill is not fetched again. A wheel that
    exists only as source is built, with the wheels of ``backend`` (setuptools and the like) alone.

    Raises:
        AirgapError: No index has a wheel, one is not what the lock says, or there is no network
            or disk space. What had arrived by then stays in the store.
    """
    lacking = missing(store, wheels)
    ready = [wheel for wheel in lacking if wheel.sdist is None]
    to_build = [wheel for wheel in lacking if wheel.sdist is not None]
    progress.expect(len(ready), sum(wheel.blob.size for wheel in ready))
    groups = _groups(ready)
    run_all([partial(_fetch_group, store, group, progress) for group in groups], _WORKERS)
    if to_build:
        from airgap.fetch.sdists import build_wheels

        build_wheels(store, to_build, backend, progress)


def fetch_unsized(store: Store, wheels: Iterable[Wheel], progress: Progress) -> list[Wheel]:
    """Bring wheels whose size is not known (0) into the store; they are returned with their size.

    Raises:
        AirgapError: As `fetch_wheels` does.
    """
    wanted = list(wheels)
    sized: dict[str, Wheel] = {}
    for wheel in wanted:
        # A blob's place depends on its hash alone.
        path = store.path(wheel.blob)
        if path.exists() and store.has(blob := Blob(wheel.blob.sha256, path.stat().st_size)):
            sized[wheel.name] = replace(wheel, blob=blob)
    lacking = [wheel for wheel in wanted if wheel.name not in sized]
    progress.expect(len(lacking), 0)

    def bring(group: Sequence[Wheel], stop: threading.Event) -> None:
        with store.workdir() as work:
            _download(group, work, Progress(), stop)
            for wheel in group if not stop.is_set() else ():
                blob = store.add(_arrived(wheel, work / "wheels"), subject=wheel.filename)
                progress.end(str(wheel), blob.size)
                sized[wheel.name] = replace(wheel, blob=blob)

    run_all([partial(bring, group) for group in _groups(lacking)], _WORKERS)
    return [sized[wheel.name] for wheel in wanted]


def _groups(wheels: Sequence[Wheel]) -> list[list[Wheel]]:
    """The wheels, largest first: the large alone, the small in groups."""
    by_size = sorted(wheels, key=lambda wheel: (-wheel.blob.size, wheel.name))
    large = [wheel for wheel in by_size if wheel.blob.size >= _LARGE]
    small = by_size[len(large) :]
    return [[wheel] for wheel in large] + [
        small[start : start + _GROUP] for start in range(0, len(small), _GROUP)
    ]


def _fetch_group(
    store: Store, wheels: Sequence[Wheel], progress: Progress, stop: threading.Event
) -> None:
    with contextlib.ExitStack() as stack:
        # In one order everywhere, so that two builds that fetch the same never wait in a circle.
        for wheel in sorted(wheels, key=lambda wheel: wheel.blob):
            stack.enter_context(store.lock(wheel.blob.sha256))
        lacking = missing(store, wheels)
        for wheel in wheels:
            if wheel not in lacking:
                progress.end(str(wheel), wheel.blob.size)
        if not lacking or stop.is_set():
            return
        work = stack.enter_context(store.workdir())
        _download(lacking, work, progress, stop)
        if stop.is_set():
            return
        for wheel in lacking:
            path = _arrived(wheel, work / "wheels")
            store.add(path, wheel.blob, doing="fetching the wheel", subject=wheel.filename)
            progress.end(str(wheel), wheel.blob.size)


def _download(
    wheels: Sequence[Wheel], work: Path, progress: Progress, stop: threading.Event
) -> None:
    watch = partial(_watch, {wheel.filename: wheel for wheel in wheels}, set(), work, progress)
    arguments = [
        "--only-binary=:all:",
        "--python-version=3.11",
        # Every platform that the locked files name, so that any build host may fetch them.
        *(f"--platform={platform}" for platform in _platforms(wheels)),
    ]
    requirements = [wheel.requirement for wheel in wheels]
    try:
        pip.download(requirements, work, arguments, watch, stop)
    except pip.UnreachableError as error:
        wheel = next((wheel for wheel in wheels if wheel.name == error.subject), wheels[0])
        file = f"{wheel.filename} ({wheel.blob})"
        raise error.naming("fetching the wheel", str(wheel), file) from error
    except pip.NotFoundError as error:
        builds_for_cpu = [wheel for wheel in wheels if wheel.version.endswith("+cpu")]
        if not builds_for_cpu:
            raise _not_found(wheels, error) from error
        pages = [f"--find-links={PYTORCH_CPU}/{wheel.name}/" for wheel in builds_for_cpu]
        try:
            pip.download(requirements, work, arguments + pages, watch, stop)
        except pip.NotFoundError as second:
            raise _not_found(wheels, second) from second
        except AirgapError as second:
            raise AirgapError(
                second.doing,
                second.subject,
                expected=second.expected,
                found=f"no index of pip's configuration has it, and PyTorch's: {second.found}",
                remedy="bring the file by hand and name its folder in pip's `find-links`",
            ) from second


def _platforms(wheels: Sequence[Wheel]) -> list[str]:
    tags = {wheel.filename.removesuffix(".whl").rpartition("-")[2] for wheel in wheels}
    # pip takes `any` along with each other platform; alone, it keeps the build host's own out.
    return sorted({platform for tag in tags for platform in tag.split(".")} - {"any"}) or ["any"]


def _watch(wheels: Mapping[str, Wheel], begun: set[str], work: Path, progress: Progress) -> None:
    """Tell how much of each file pip has written, wherever below the work folder that is."""
    for folder, _, files in os.walk(work):
        for filename in wheels.keys() & set(files):
            wheel = wheels[filename]
            if filename not in begun:
                begun.add(filename)
                progress.begin(str(wheel), wheel.blob.size)
            with contextlib.suppress(FileNotFoundError):
                progress.update(str(wheel), Path(folder, filename).stat().st_size)


def _arrived(wheel: Wheel, folder: Path) -> Path:
    path = folder / wheel.filename
    if not path.exists():
        raise AirgapError(
            "fetching the wheel",
            str(wheel),
            expected=wheel.filename,
            found=", ".join(sorted(file.name for file in folder.iterdir())) or "no file",
            remedy="compare the lock with what the index has",
        )
    return path


def _not_found(wheels: Sequence[Wheel], error: pip.NotFoundError) -> AirgapError:
    by_requirement = {f"{wheel.name}=={wheel.version}": wheel for wheel in wheels}
    wheel = by_requirement.get(error.requirement, wheels[0])
    return AirgapError(
        "fetching the wheel",
        str(wheel),
        expected=f"{wheel.filename} ({wheel.blob})",
        found=f"no index of pip's configuration has it; it has {error.found}",
        remedy="see `pip config list`: name an index or a find-links folder that has this file"
        " and can be reached, or make the lock anew",
    )
