"""Who may log in: a file of names and passwords that is read again whenever it changes."""

import base64
import binascii
import hashlib
import hmac
import logging
import os
import re
import secrets
import threading
from pathlib import Path

from login.texts import FILE

_NAME = re.compile(r"[a-z0-9_-]{1,32}")
# AgentFabric replaces the text `user` in paths of agents.
_RESERVED = ("user",)
_SCHEME = "scrypt"
_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_MOST_MEMORY = 64 << 20
"""Bytes that a hash in the file may ask for, so that a slip in it cannot take all memory."""
_log = logging.getLogger(__name__)


class PasswordFileError(Exception):
    """The password file cannot be used: which file, what is wrong with it, what to do."""

    def __init__(self, path: Path, why: str, **values: object) -> None:
        super().__init__(path, why, values)
        self._values = {"path": path, **values}
        self._why = why

    def __str__(self) -> str:
        texts = (FILE[language] for language in ("en", "zh"))
        return "\n".join(
            f"{text['unusable'].format(**self._values)} "
            f"{text[self._why].format(**self._values)}\n{text['next']}"
            for text in texts
        )


class Accounts:
    """The accounts in a password file.

    The file has a line `name:password` or `name:scrypt$…` for each; empty lines and lines that
    begin with `#` do not count. A name is 1 to 32 of `a` to `z`, `0` to `9`, `_` and `-`.

    Raises:
        PasswordFileError: If the file cannot be read, or a line is no account.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._entries = read(path)
        self._unknown = hashed(secrets.token_urlsafe())

    def check(self, name: str, password: str) -> bool:
        """Whether ``password`` is the one of ``name``: about 50 ms, and as long for no account."""
        entries = self._current()
        # Whether there is such an account must not show in how long the answer takes.
        entry = entries.get(name, self._unknown)
        if not entry.startswith(f"{_SCHEME}$"):
            _derive(password, b"", _COST, _BLOCK, _PARALLEL)
        return matches(entry, password) and name in entries

    def fingerprint(self, name: str) -> str | None:
        """A text that changes with the password of ``name``; None where there is no account."""
        entry = self._current().get(name)
        return None if entry is None else hashlib.sha256(entry.encode()).hexdigest()

    def _current(self) -> dict[str, str]:
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._entries = read(self._path)
                    _log.info("`%s` has changed: %d accounts", self._path, len(self._entries))
                except PasswordFileError as error:
                    # Half an edit must lock nobody out, nor let anybody in.
                    _log.error("the accounts stay as they were: %s", error)
            return self._entries


def make(path: Path, name: str) -> bool:
    """Write a password file with one account and a random password, if there is none.

    True if it was made: 16 characters, 96 bits, for its owner's eyes only.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        # There is one, or reading it will tell why there cannot be one.
        return False
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{name}:{secrets.token_urlsafe(12)}\n")
    return True


def read(path: Path) -> dict[str, str]:
    """The entries of a password file by name.

    Raises:
        PasswordFileError: If it cannot be read, holds no account, or a line is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordFileError(path, "unread", error=error) from error
    entries: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        # What stands there may be a password, so no message shows it.
        name, colon, entry = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or name in _RESERVED:
            raise PasswordFileError(path, "name", number=number)
        if not entry or (entry.startswith(f"{_SCHEME}$") and _parts(entry) is None):
            raise PasswordFileError(path, "password", number=number, name=name)
        if name in entries:
            raise PasswordFileError(path, "twice", number=number, name=name)
        entries[name] = entry
    if not entries:
        raise PasswordFileError(path, "empty")
    return entries


def hashed(password: str) -> str:
    """What stands in the file for ``password``, so that it cannot be read there (RFC 7914).

    The form is `scrypt$cost$block$parallel$salt$key`, with salt and key in base64.
    """
    salt = secrets.token_bytes(16)
    key = _derive(password, salt, _COST, _BLOCK, _PARALLEL)
    texts = (base64.b64encode(part).decode() for part in (salt, key))
    return "$".join([_SCHEME, str(_COST), str(_BLOCK), str(_PARALLEL), *texts])


def matches(entry: str, password: str) -> bool:
    """Whether ``entry`` stands for ``password``; takes as long whichever byte differs."""
    if not entry.startswith(f"{_SCHEME}$"):
        return hmac.compare_digest(_digest(entry), _digest(password))
    parts = _parts(entry)
    if parts is None:
        return False
    cost, block, parallel, salt, key = parts
    return hmac.compare_digest(_derive(password, salt, cost, block, parallel), key)


def _parts(entry: str) -> tuple[int, int, int, bytes, bytes] | None:
    try:
        _, cost, block, parallel, salt, key = entry.split("$")
        numbers = int(cost), int(block), int(parallel)
        texts = base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error):
        return None
    n, r, p = numbers
    usable = n > 1 and n & (n - 1) == 0 and r > 0 and 0 < p <= 16 and 256 * n * r <= _MOST_MEMORY
    return (*numbers, *texts) if usable and len(texts[1]) == 32 else None


def _derive(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=_MOST_MEMORY,
        dklen=32,
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
