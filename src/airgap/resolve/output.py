"""Writes a finished lock beside its input."""

import os
import secrets
from pathlib import Path

from airgap.errors import AirgapError


def heading(input_path: Path) -> str:
    """What the first line of a lock says."""
    return f"Made from {input_path.name} by `airgap lock`; edit that file, not this one."


def read_text(path: Path) -> str:
    """The text of an input file.

    Raises:
        AirgapError: It cannot be read.
    """
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise AirgapError(
            "reading the input",
            str(path),
            found=str(error),
            remedy="a lock is made from a text file of package names",
        ) from error


def write_lock(path: Path, text: str) -> None:
    """Replace the lock in one step; a kill leaves the old one or the new one, never a part.

    Raises:
        AirgapError: The folder cannot be written, or its disk is full.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(partial, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise AirgapError(
            "writing the lock",
            str(path),
            found=str(error),
            remedy="make the folder writable; the old lock is as it was",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
