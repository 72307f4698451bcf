"""The bundle's list of every file, from which an intranet host tells whether what arrived is whole.

Format, version 1: the line ``airgap-manifest 1``, then one line a file, sorted by path as bytes::

    <sha256> <size in bytes> <path relative to the bundle, with />

It is made to be read by sh, awk and sha256sum. A symbolic link is listed by the content that it
leads to, so that a copy which replaced links by files is still whole.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from airgap.errors import AirgapError
from airgap.store import Blob

NAME = "MANIFEST"
HEADER = "airgap-manifest 1"
UNLISTED = frozenset({NAME, "MANIFEST.minisig", "airgap.conf"})
"""Files of a bundle folder that its manifest does not list: itself, its signature, and the
operator's own settings."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,19}")
"""As a receiver reads it; `int` takes more, such as `+1` and digits of other scripts."""


def render(files: Mapping[str, Blob]) -> bytes:
    """Return the manifest's bytes.

    Raises:
        AirgapError: A path is absolute, leads out of the bundle, or holds a line break.
    """
    for path in files:
        _check(path)
    lines = [HEADER]
    for path in sorted(files, key=str.encode):
        lines.append(f"{files[path].sha256} {files[path].size} {path}")
    return ("\n".join(lines) + "\n").encode()


def parse(data: bytes, origin: str) -> dict[str, Blob]:
    """Read a manifest; ``origin`` names it in errors.

    Raises:
        AirgapError: It is no manifest of this version, or a line of it is damaged.
    """
    try:
        # Not `splitlines`, which also splits at characters that a path may hold.
        header, *lines = data.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        header, lines = "", []
    if header != HEADER:
        raise AirgapError(
            "reading the manifest", origin, expected=f"first line `{HEADER}`", found=header[:60]
        )
    files: dict[str, Blob] = {}
    for number, line in enumerate(lines, start=2):
        try:
            sha256, size, path = line.split(" ", 2)
            _check(path)
            if not _SIZE.fullmatch(size):
                raise ValueError(size)
            blob = Blob(sha256, int(size))
        except (ValueError, AirgapError) as error:
            raise AirgapError(
                "reading the manifest",
                f"{origin}, line {number}",
                expected="`<sha256> <size> <path>`",
                found=line[:120],
                remedy="copy the file again from where it came from",
            ) from error
        if path in files:
            raise AirgapError("reading the manifest", origin, found=f"`{path}` listed twice")
        files[path] = blob
    return files


def digest(data: bytes) -> str:
    """The digest of the whole bundle: the sha256 of its manifest, in hex."""
    return hashlib.sha256(data).hexdigest()


def _check(path: str) -> None:
    pure = PurePosixPath(path)
    if (
        pure.is_absolute()
        or ".." in pure.parts
        or str(pure) != path
        or path == "."
        or any(ord(c) < 32 or c == "\x7f" for c in path)
    ):
        raise AirgapError("listing a file of the bundle", repr(path), expected="a plain path")
