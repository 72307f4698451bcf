"""Fetches Debian packages from the mirrors of this machine, without APT and without root."""

import threading
import urllib.error
from collections.abc import Iterable, Sequence
from functools import partial
from http.client import HTTPException
from urllib.parse import quote

from airgap.errors import AirgapError
from airgap.fetch import mirror, missing
from airgap.fetch.parallel import run_all
from airgap.fetch.progress import Progress
from airgap.locks.debian import Package
from airgap.store import BlobWriter, Store

_WORKERS = 6
_TRIES = 5
_PAUSE = 1.0
"""Seconds before the second try; doubled for each one after it."""

_CHUNK = 1 << 16


def fetch_debs(store: Store, packages: Iterable[Package], progress: Progress) -> None:
    """Bring into the store those of the packages that it lacks.

    Each byte is downloaded once, hashed on its way; a broken connection goes on where it broke.

    Raises:
        AirgapError: No mirror has a package, one is not what the lock says, or there is no
            network or disk space. What had arrived by then stays in the store.
    """
    lacking = missing(store, packages)
    if not lacking:
        return
    roots, opener = mirror.mirrors(), mirror.opener()
    progress.expect(len(lacking), sum(package.blob.size for package in lacking))
    by_size = sorted(lacking, key=lambda package: (-package.blob.size, package.name))
    jobs = [partial(_fetch, store, package, roots, opener, progress) for package in by_size]
    run_all(jobs, _WORKERS)


def _fetch(
    store: Store,
    package: Package,
    roots: Sequence[str],
    opener: mirror.Opener,
    progress: Progress,
    stop: threading.Event,
) -> None:
    with store.lock(package.blob.sha256):
        if stop.is_set():
            return
        if not store.has(package.blob):
            progress.begin(str(package), package.blob.size)
            with store.writer(
                package.blob, doing="fetching the package", subject=package.filename
            ) as out:
                _download(package, roots, opener, out, progress, stop)
        progress.end(str(package), package.blob.size)


def _download(
    package: Package,
    roots: Sequence[str],
    opener: mirror.Opener,
    out: BlobWriter,
    progress: Progress,
    stop: threading.Event,
) -> None:
    lacks: list[str] = []
    for root in roots:
        url = f"{root}/{quote(package.path)}"
        for attempt in range(_TRIES):
            try:
                _read(url, package, opener, out, progress, stop)
                return
            except urllib.error.HTTPError as error:
                if error.code in (403, 404, 410):
                    lacks.append(f"{url}: {error}")
                    break
                problem: Exception = error
            except urllib.error.URLError as error:
                if isinstance(error.reason, FileNotFoundError):
                    lacks.append(f"{url}: no such file")
                    break
                problem = error
            except (ConnectionError, TimeoutError, HTTPException) as error:
                problem = error
            if attempt + 1 < _TRIES and stop.wait(_PAUSE * 2**attempt):
                break
        else:
            raise _unreachable(package, url, problem)
        if stop.is_set():
            raise _stopped(package)
    raise AirgapError(
        "fetching the package",
        package.filename,
        expected=f"{package.path} ({package.blob})",
        found="; ".join(lacks),
        remedy=f"set {mirror.VARIABLE} to a mirror that has it, or make the lock anew",
    )


def _read(
    url: str,
    package: Package,
    opener: mirror.Opener,
    out: BlobWriter,
    progress: Progress,
    stop: threading.Event,
) -> None:
    """Read the rest of the package; what an earlier try has written is kept."""
    start = out.tell()
    with opener.request(url, start) as response:
        if start and response.status != 206:
            # The server sends the whole again.
            for _ in range(start // _CHUNK):
                response.read(_CHUNK)
            response.read(start % _CHUNK)
        while data := response.read(_CHUNK):
            out.write(data)
            progress.update(str(package), out.tell())
            if stop.is_set():
                raise _stopped(package)
            if out.tell() > package.blob.size:
                return
    if out.tell() < package.blob.size:
        raise ConnectionError(f"the answer ended after {out.tell()} of {package.blob.size} bytes")


def _stopped(package: Package) -> AirgapError:
    return AirgapError(
        "fetching the package", package.filename, found="another fetch failed before it was done"
    )


def _unreachable(package: Package, url: str, problem: Exception) -> AirgapError:
    return AirgapError(
        "fetching the package",
        package.filename,
        expected=f"an answer from {url}",
        found=f"{problem} ({_TRIES} tries)",
        remedy=f"look at the network, APT's proxy and {mirror.VARIABLE},"
        " then run the same command again; what had arrived is kept",
    )
