"""Keys that sign bundles: minisign's two files, ``minisign.key`` and ``minisign.pub``.

Format: https://jedisct1.github.io/minisign/, sections "Secret key format" and "Public key format".
Whoever has the first can sign; the second is what a receiver needs, and no secret.
"""

import base64
import contextlib
import fcntl
import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import minisign  # type: ignore[import-untyped]

from airgap.errors import AirgapError
from airgap.store import disk_errors

KEY = "minisign.key"
PUBLIC = "minisign.pub"

# What it costs to try one password: that of minisign itself, a gibibyte of memory and some seconds.
_OPERATIONS = 1 << 25
_MEMORY = 1 << 30


def default_folder() -> Path:
    """Where minisign looks for a key that is not named."""
    return Path.home() / ".minisign"


def new_key(folder: Path, ask: Callable[[], str] | None) -> None:
    """Write a new pair of keys into the folder, and print what to do with them.

    Args:
        ask: Returns the password by which the secret key is encrypted; `None` for a key that can
            be used by whoever reads the file.

    Raises:
        AirgapError: One of the two files is there already, or the password is empty.
    """
    _refuse_another(folder)
    password = ask() if ask else None
    if password == "":
        raise AirgapError(
            "making a key",
            str(folder / KEY),
            expected="a password",
            found="an empty one",
            remedy="type one, or write --no-password if the file itself is well guarded",
        )
    pair = minisign.KeyPair.generate()
    public = pair.public_key
    public.untrusted_comment = f"minisign public key {key_id(public)}"
    if password is not None:
        pair.secret_key.encrypt(password, opslimit=_OPERATIONS, memlimit=_MEMORY)
    with disk_errors("making a key in", folder):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise AirgapError(
                "making a key in",
                str(folder),
                expected="a folder",
                found=error.strerror,
                remedy="name another one: key new FOLDER",
            ) from error
    files = {PUBLIC: (bytes(public) + b"\n", 0o644), KEY: (bytes(pair.secret_key) + b"\n", 0o600)}
    write_files(folder, files, lambda: _refuse_another(folder))
    print(f"wrote {folder / KEY}: keep it secret, and keep a copy")
    print(
        f"wrote {folder / PUBLIC}: for those who receive bundles, by another way than the bundle:"
    )
    print(f"  key id      {key_id(public)}")
    print(f"  PUBLIC_KEY={public.to_base64().decode()}    (in their airgap.conf)")


def read_key(path: Path, ask: Callable[[], str]) -> Any:
    """Read a secret key; its password is asked for where it has one.

    Raises:
        AirgapError: It is not there, is no secret key of minisign's, or the password is wrong.
    """
    try:
        key = minisign.SecretKey.from_bytes(path.read_bytes())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise AirgapError(
            "reading the key",
            str(path),
            found=error.strerror,
            remedy="name the key with --key FILE, or make one with the command: key new",
        ) from error
    except minisign.Error as error:
        raise AirgapError(
            "reading the key",
            str(path),
            expected=f"a secret key of minisign's, as in {KEY}",
            found=str(error),
            remedy="name another file with --key",
        ) from error
    if key.is_encrypted():
        try:
            key.decrypt(ask())
        except minisign.Error as error:
            raise AirgapError(
                "opening the key", str(path), found=str(error), remedy="try again"
            ) from error
    return key


def key_id(public: Any) -> str:
    """A public key's name, 16 digits: its 8 bytes as a number of which the lowest comes first."""
    return bytes(base64.b64decode(public.to_base64())[2:10])[::-1].hex().upper()


def ask_password() -> str:
    """The password, typed unseen; or the first line of the input where that is no terminal."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def ask_new_password() -> str:
    """A password that was typed twice.

    Raises:
        AirgapError: The two differ.
    """
    password = ask_password()
    if sys.stdin.isatty() and getpass.getpass("Password (again): ") != password:
        raise AirgapError("asking for", "the password", found="two that differ", remedy="try again")
    return password


def write_files(
    folder: Path, files: Mapping[str, tuple[bytes, int]], check: Callable[[], None] = lambda: None
) -> None:
    """Write files, given by name as data and mode, that are there either whole or not at all.

    Costs one write of the data. They get their names in this order when all are on the disk; other
    runs that write into the folder wait.

    Args:
        check: Raises where what another run has written meanwhile is in the way.

    Raises:
        AirgapError: The disk is full, or the folder cannot be written.
    """
    partials = {name: _partial(folder, name) for name in files}
    with disk_errors("writing into", folder), _held(folder):
        check()
        try:
            for name, (data, mode) in files.items():
                partials[name].unlink(missing_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                with open(os.open(partials[name], flags, mode), "wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
            for name, partial in partials.items():
                os.replace(partial, folder / name)
        finally:
            for partial in partials.values():
                partial.unlink(missing_ok=True)


def _refuse_another(folder: Path) -> None:
    if os.path.lexists(_partial(folder, KEY)) and not os.path.lexists(folder / KEY):
        return  # A run was killed: what is there of its pair signed nothing yet.
    for name in (KEY, PUBLIC):
        if os.path.lexists(folder / name):
            raise AirgapError(
                "making a key",
                str(folder / KEY),
                expected="a folder without a key",
                found=f"a file {name} in it, which is left as it is",
                remedy="name another folder: key new FOLDER",
            )


def _partial(folder: Path, name: str) -> Path:
    return folder / f".{name}.partial"


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Not every disk that is mounted over a network can lock a folder.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
