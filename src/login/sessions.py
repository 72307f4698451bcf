"""Who is logged in: random tokens, of which only hashes are kept, in a file that survives."""

import hashlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

LASTS = 7 * 24 * 3600
"""Seconds after which a login ends."""
_MOST = 10_000
"""Sessions that are kept; the oldest make room."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """One login.

    Attributes:
        name: The account.
        fingerprint: What the account's password was then, as ``Accounts.fingerprint`` tells it.
        until: When it ends, in seconds since 1970.
    """

    name: str
    fingerprint: str
    until: float


class Sessions:
    """The logins that have not ended, kept in ``path``: what is read there lets nobody in.

    Each login and logout writes the file once (170 bytes a session).

    Attributes:
        page: A random name that stays the same for this file.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self.page = secrets.token_hex(6)
        self._sessions: dict[str, Session] = {}
        self._read()

    def begin(self, name: str, fingerprint: str) -> str:
        """A new login's token, which nobody can guess."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            now = self._now()
            kept = {key: each for key, each in self._sessions.items() if each.until > now}
            while len(kept) >= _MOST:
                del kept[next(iter(kept))]
            self._sessions = kept | {_key(token): Session(name, fingerprint, now + LASTS)}
            self._write()
        return token

    def find(self, token: str) -> tuple[str, Session] | None:
        """The login with that token, and a text that names it without being the token."""
        key = _key(token)
        session = self._sessions.get(key)
        return (key, session) if session and session.until > self._now() else None

    def end(self, token: str) -> None:
        """End a login: its token is worth nothing from now on."""
        with self._lock:
            if self._sessions.pop(_key(token), None):
                self._write()

    def _read(self) -> None:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self._sessions = {key: Session(**each) for key, each in found["sessions"].items()}
            self.page = str(found["page"])
        except FileNotFoundError:
            self._write()
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            _log.warning("all have to log in again: `%s` cannot be used: %s", self._path, error)

    def _write(self) -> None:
        sessions = {key: asdict(each) for key, each in self._sessions.items()}
        text = json.dumps({"page": self.page, "sessions": sessions})
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            # The login itself works; only a restart forgets it.
            _log.warning("logins end with this process: `%s` cannot be written: %s", part, error)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
