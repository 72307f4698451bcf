"""Fetches large files over HTTP: several at a time, and several ranges of each at a time.

Servers are not trusted. What they send must have the size and the sha256 of the lock; each answer's
`Content-Range` and length (RFC 9110, section 14) are looked at before its content. Where that
changed between two requests, the hash does not fit, and the `ETag` says why.
"""

import contextlib
import re
import shutil
import threading
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from urllib.parse import urlsplit

import requests
import urllib3

from airgap.errors import AirgapError
from airgap.fetch import missing, remote
from airgap.fetch.client import Client
from airgap.fetch.parallel import Job, run_all
from airgap.fetch.partial import Partial, Range
from airgap.fetch.progress import Progress, human
from airgap.fetch.remote import DOING, Remote
from airgap.store import Store, disk_errors

_CONNECTIONS = 8
_TRIES = 6
"""Requests in a row that bring nothing before the fetch gives up."""

_PAUSE = 1.0
"""Seconds before the second try; doubled for each one after it."""

_LONGEST_PAUSE = 60.0
"""Seconds; a server may ask for more."""

_CHUNK = 1 << 18


class _AgainError(Exception):
    """An answer that another try may better; told to people after the last one."""

    def __init__(self, found: str, pause: float = 0.0) -> None:
        super().__init__(found)
        self.pause = pause


class _NoRangesError(Exception):
    """The server sends the whole file, whatever range is asked for."""


def fetch_ranges(store: Store, files: Iterable[Remote], progress: Progress) -> None:
    """Bring into the store those of the files that it lacks.

    Each byte is downloaded and written once, at its place in the file that becomes the blob, and
    hashed meanwhile. What has arrived before a kill or a failure stays, and a rerun goes on with
    it. Memory does not depend on the files' sizes.

    Raises:
        AirgapError: A server refuses a file, or has another than the lock names, or does not
            answer; the disk cannot hold the files, or is full.
    """
    lacking = missing(store, {file.blob: file for file in files}.values())
    with contextlib.ExitStack() as stack:
        # In one order everywhere, so that two builds that fetch the same never wait in a circle.
        for file in sorted(lacking, key=lambda file: file.blob):
            stack.enter_context(store.lock(file.blob.sha256))
        lacking = missing(store, lacking)
        if not lacking:
            return
        progress.expect(len(lacking), sum(file.blob.size for file in lacking))
        client = stack.enter_context(contextlib.closing(Client(_CONNECTIONS)))
        stack.enter_context(disk_errors(DOING, f"{len(lacking)} files"))
        downloads = []
        for file in sorted(lacking, key=lambda file: (-file.blob.size, file.name)):
            pieces = Partial(store.unfinished(file.blob), file.blob)
            stack.callback(pieces.close)
            downloads.append(_Download(store, file, pieces, client, progress))
        _check_space(store, downloads)
        # From all files in turns: several are then hashed at a time, each by another core.
        turns = zip_longest(*(download.jobs() for download in downloads))
        jobs = [job for turn in turns for job in turn if job is not None]
        run_all(jobs, _CONNECTIONS, client.break_off)


def _check_space(store: Store, downloads: Collection["_Download"]) -> None:
    needed = sum(download.pieces.blob.size - download.pieces.allocated for download in downloads)
    free = shutil.disk_usage(store.root).free
    if needed > free:
        raise AirgapError(
            DOING,
            f"{len(downloads)} files",
            expected=f"{human(needed)} of free disk space at {store.root}",
            found=human(free),
            remedy="free some disk space and run the same command again",
        )


class _Download:
    """One file on its way; its jobs run in several threads."""

    def __init__(
        self,
        store: Store,
        file: Remote,
        pieces: Partial,
        client: Client,
        progress: Progress,
    ) -> None:
        self.pieces = pieces
        self._store = store
        self._file = file
        self._client = client
        self._progress = progress
        self._lock = threading.Lock()
        self._here = pieces.here
        self._ranges = list(pieces.lacking())
        self._left = len(self._ranges)
        self._has_ranges: bool | None = None
        self._whole = threading.Lock()
        self._is_told = False
        # Not an error by itself: copies of one file on two servers may have two.
        self._tags: set[str] = set()

    def jobs(self) -> list[Job]:
        """What is left to do; the job that comes to its end last ends the file."""
        return [partial(self._bring, asked) for asked in self._ranges] or [self._end]

    def _bring(self, asked: Range, stop: threading.Event) -> None:
        self._tell(0)
        whole = Range(0, self._file.blob.size)
        try:
            self._try(asked, asked == whole, stop)
        except _NoRangesError:
            # One connection brings all of it; the others wait, and find their ranges here.
            with self._whole:
                if lacking := next(self.pieces.lacking(), None):
                    self._try(Range(lacking.start, whole.stop), True, stop)
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self._end(stop)

    def _end(self, stop: threading.Event) -> None:
        found = self.pieces.found()
        if found != self._file.blob:
            self.pieces.remove()
            raise remote.wrong_hash(self._file, str(found), self._tags)
        self._store.enter(self.pieces.path, found)
        self.pieces.remove()
        self._progress.end(self._file.name, found.size)

    def _try(self, asked: Range, alone: bool, stop: threading.Event) -> None:
        """Read the range, in as many requests as it takes.

        ``alone`` says that no other connection reads this file, so a whole answer will do.
        """
        position, tries = asked.start, 0
        while position < asked.stop:
            before = position
            try:
                for reached in self._read(Range(position, asked.stop), alone):
                    position = reached
                    if stop.is_set():
                        break
            except (requests.RequestException, urllib3.exceptions.HTTPError, _AgainError) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise remote.untrusted(self._file, _reason(error)) from error
                tries = 1 if position > before else tries + 1
                if tries == _TRIES:
                    raise remote.unreachable(self._file, _reason(error), tries) from error
                pause = max(_PAUSE * 2 ** (tries - 1), getattr(error, "pause", 0.0))
                stop.wait(min(pause, _LONGEST_PAUSE))
            if stop.is_set():
                raise AirgapError(
                    DOING, self._file.name, found="another fetch failed before it was done"
                )

    def _read(self, asked: Range, alone: bool) -> Iterator[int]:
        """Make one request; tells up to where the range is here, again and again."""
        position = asked.start
        with self._client.ask(self._file, asked) as answer:
            offset = self._first_byte(answer, asked, alone)
            # Whatever has come, so that a cut loses none of it.
            while data := answer.raw.read1(_CHUNK, decode_content=False):
                new = data[max(position - offset, 0) :]
                offset += len(data)
                if offset > asked.stop:
                    if asked.stop < self._file.blob.size:
                        raise _AgainError(f"more bytes than the {asked.stop} asked for")
                    raise remote.wrong_size(self._file, f"more than {asked.stop} bytes")
                self._tell(self.pieces.write(position, new))
                position += len(new)
                self.pieces.hash_on()
                yield position
        if position < asked.stop:
            raise _AgainError(f"the answer ended after {position} of {asked.stop} bytes")

    def _tell(self, count: int) -> None:
        with self._lock:
            if not self._is_told:
                self._is_told = True
                self._progress.begin(self._file.name, self._file.blob.size)
            self._here += count
            here = self._here
        self._progress.update(self._file.name, here)

    def _first_byte(self, answer: requests.Response, asked: Range, alone: bool) -> int:
        """Where in the file the answer's body begins, if it is a part of this file at all."""
        status = answer.status_code
        told = f"{status} {answer.reason} from {urlsplit(answer.url).netloc}"
        if status not in (200, 206, 416):
            if status in (408, 425, 429) or status >= 500:
                raise _AgainError(told, _retry_after(answer))
            raise remote.refused(self._file, status, told)
        first, size = _content(answer)
        if size is not None and size != self._file.blob.size:
            raise remote.wrong_size(self._file, f"{size} bytes")
        if status == 416 or status == 206 and first != asked.start:
            raise _AgainError(f"{told} for the bytes from {asked.start} on, not those")
        with self._lock:
            if tag := answer.headers.get("ETag"):
                self._tags.add(tag)
            if not alone and self._has_ranges is None:
                self._has_ranges = status == 206
        if not alone:
            if not self._has_ranges:
                raise _NoRangesError
            if status == 200:
                raise _AgainError(f"{told} with the whole file instead of a range of it")
        return first


def _reason(error: Exception) -> str:
    """What went wrong, without the address, which may hold a signature."""
    first = error.args[0] if error.args else error
    return str(getattr(first, "reason", None) or (first if isinstance(first, str) else error))


def _content(answer: requests.Response) -> tuple[int, int | None]:
    """The place of the body's first byte, and the whole file's size where the answer says it."""
    headers = answer.headers
    if answer.status_code == 200:
        length = headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() and "Content-Encoding" not in headers else None
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("Content-Range", ""))
    if match is None:
        return -1, None
    return int(match[1] or -1), None if match[2] == "*" else int(match[2])


def _retry_after(answer: requests.Response) -> float:
    """Seconds that the server asks for; the header's other form, a date, is not looked at."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0
