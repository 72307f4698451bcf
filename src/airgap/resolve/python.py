"""Makes a stack's lock: uv chooses the versions, and each package gets the wheel that fits best."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from airgap.errors import AirgapError
from airgap.fetch.progress import Progress
from airgap.fetch.sdists import build, fetch_sdist
from airgap.fetch.wheels import fetch_unsized, fetch_wheels
from airgap.locks import python as lock
from airgap.locks.python import Sdist, Wheel
from airgap.resolve import stack_input, uv
from airgap.resolve.output import heading, read_text, write_lock
from airgap.store import Blob, Store


def lock_python(
    input_path: Path,
    output_path: Path,
    store: Store,
    backends: Sequence[Wheel],
    progress: Progress,
    cutoff: str | None = None,
) -> None:
    """Resolve a stack's input for CPython 3.11 on Debian bookworm, x86_64, and write its lock.

    Fetches into the store the wheels whose size no index tells, and what exists only as source,
    which is built with ``backends`` to learn the hash of its wheel. ``cutoff`` is a day that takes
    the place of the one in the input.

    Raises:
        AirgapError: Nothing fits, or a file cannot be had or built.
    """
    text = read_text(input_path)
    if cutoff is not None:
        text += f"\n# cutoff: {cutoff}\n"
    stack = stack_input.parse(text, str(input_path))
    with tempfile.TemporaryDirectory(prefix="airgap-uv-") as work:
        packages = uv.compile_stack(stack, Path(work))
    sizes = _known_sizes(output_path)
    chosen = [_choose(package, sizes) for package in packages]
    wheels = _with_sizes(store, [item for item in chosen if item.sdist is None], progress)
    sources = [item for item in chosen if item.sdist is not None]
    if sources:
        fetch_wheels(store, backends, progress)
        wheels += [_with_built_wheel(store, source, backends) for source in sources]
    text = lock.render(wheels, heading(input_path))
    # What the format refuses (a file for another platform, say) must not get into a lock.
    lock.parse(text, str(output_path))
    write_lock(output_path, text)


def _choose(package: Mapping[str, Any], sizes: Mapping[str, int]) -> Wheel:
    """The file to take of a pylock package: its best wheel, else its sdist.

    Of a source, the wheel's own file name and blob are those of the sdist until it is built.
    """
    from packaging.utils import parse_wheel_filename

    name, version = package["name"], package["version"]
    files = {_filename(file): file for file in package.get("wheels", ())}
    ranks = uv.tag_ranks()
    ranked = [
        (min(ranks[tag] for tag in tags), filename)
        for filename in files
        if (tags := ranks.keys() & parse_wheel_filename(filename)[3])
    ]
    if ranked:
        _, filename = min(ranked)
        return Wheel(name, version, filename, _blob(files[filename], sizes))
    if "sdist" not in package:
        raise AirgapError(
            "locking",
            f"{name} {version}",
            expected="a wheel for CPython 3.11 on Linux x86_64, or a source archive",
            found=", ".join(files) or "no file of an index",
            remedy="ask for another version of it, or exclude it",
        )
    sdist = Sdist(_filename(package["sdist"]), _blob(package["sdist"], sizes))
    return Wheel(name, version, sdist.filename, sdist.blob, sdist)


def _filename(file: Mapping[str, Any]) -> str:
    place: str = file.get("name") or file.get("url") or file["path"]
    return unquote(urlsplit(place).path.rpartition("/")[2])


def _blob(file: Mapping[str, Any], sizes: Mapping[str, int]) -> Blob:
    sha256 = file["hashes"]["sha256"]
    return Blob(sha256, file.get("size") or sizes.get(sha256, 0))


def _known_sizes(output_path: Path) -> dict[str, int]:
    """Sizes by sha256 from the lock as it was; a damaged lock says nothing."""
    try:
        wheels = lock.parse(output_path.read_text(), str(output_path))
    except (FileNotFoundError, UnicodeDecodeError, AirgapError):
        return {}
    blobs = [wheel.blob for wheel in wheels]
    blobs += [wheel.sdist.blob for wheel in wheels if wheel.sdist is not None]
    return {blob.sha256: blob.size for blob in blobs}


def _with_sizes(store: Store, wheels: Iterable[Wheel], progress: Progress) -> list[Wheel]:
    known = [wheel for wheel in wheels if wheel.blob.size]
    unknown = [wheel for wheel in wheels if not wheel.blob.size]
    return known + fetch_unsized(store, unknown, progress)


def _with_built_wheel(store: Store, source: Wheel, backends: Sequence[Wheel]) -> Wheel:
    assert source.sdist is not None
    sdist = fetch_sdist(store, source.name, source.version, source.sdist, backends)
    filename, blob = build(store, sdist, backends)
    return replace(source, filename=filename, blob=blob, sdist=sdist)
