"""Keys that sign bundles: minisign's two files, ``minisign.key`` and ``minisign.pub``.

Format: https://jedisct1.github.io/minisign/, sections "Secret key format" and "Public key format".
Whoever has the first can sign; the second is what a receiver needs, and no secret.
"""

import base64
import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minisign  # type: ignore[import-untyped]

from airgap.errors import AirgapError

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
    for name in (KEY, PUBLIC):
        if os.path.lexists(folder / name):
            raise AirgapError(
                "making a key",
                str(folder / KEY),
                expected="a folder without a key",
                found=f"a file {name} in it, which is left as it is",
                remedy="name another folder: key new FOLDER",
            )
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
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The secret key comes last: where a kill leaves only one file, nothing has been signed with it.
    write_file(folder / PUBLIC, bytes(public) + b"\n", 0o644)
    write_file(folder / KEY, bytes(pair.secret_key) + b"\n", 0o600)
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


def write_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is there either whole or not at all; costs one write of the data."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(descriptor)
    os.replace(partial, path)
