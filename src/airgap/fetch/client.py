"""Asks a hub for ranges of files; proxies and certificates are those of the environment."""

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from airgap.fetch import remote
from airgap.fetch.partial import Range
from airgap.fetch.remote import Remote

_CONNECT = 15.0
"""Seconds until a host counts as out of reach."""

_STALL = 30.0
"""Seconds without a byte after which a connection counts as dead."""

_REDIRECTS = 5


class Client:
    """Keeps connections open between requests, until `close`; may be used by several threads."""

    def __init__(self, connections: int) -> None:
        """``connections`` to each host are kept."""
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
        self._lock = threading.Lock()
        self._open: set[requests.Response] = set()

    def close(self) -> None:
        """End all connections."""
        self._session.close()

    @contextlib.contextmanager
    def ask(self, file: Remote, asked: Range) -> Iterator[requests.Response]:
        """The answer to a request for a range, wherever the server sends it on to.

        The file's headers go to its own host alone.

        Raises:
            requests.RequestException: There is no answer.
            AirgapError: The server says that it has another file than the lock names.
        """
        address = file.address
        for _ in range(_REDIRECTS + 1):
            own = _origin(address) == _origin(file.address)
            with self._get(address, asked, file.headers if own else {}) as answer:
                # The sha256 of a large file, where the hub knows it.
                linked = answer.headers.get("X-Linked-ETag", "").strip('"').lower()
                if re.fullmatch("[0-9a-f]{64}", linked) and linked != file.blob.sha256:
                    raise remote.wrong_hash(file, f"sha256 {linked}, as the server says")
                if not answer.is_redirect:
                    yield answer
                    return
                # So that the connection can be used for the next range.
                answer.raw.drain_conn()
                address = urljoin(address, answer.headers["Location"])
        raise requests.TooManyRedirects(f"more than {_REDIRECTS} redirections")

    def break_off(self) -> None:
        """End all answers that are being read, as if their connections had been cut."""
        with self._lock:
            for answer in self._open:
                # It may just have come to its end.
                with contextlib.suppress(ValueError, RuntimeError, OSError):
                    answer.raw.shutdown()

    @contextlib.contextmanager
    def _get(
        self, address: str, asked: Range, headers: Mapping[str, str]
    ) -> Iterator[requests.Response]:
        with self._session.get(
            address,
            headers={
                "User-Agent": "airgap",
                # Ranges are of the file, not of some compressed form of it.
                "Accept-Encoding": "identity",
                "Range": f"bytes={asked.start}-{asked.stop - 1}",
                **headers,
            },
            stream=True,
            timeout=(_CONNECT, _STALL),
            allow_redirects=False,
        ) as answer:
            with self._lock:
                self._open.add(answer)
            try:
                yield answer
            finally:
                with self._lock:
                    self._open.discard(answer)


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc
