"""Finds the copy of a source or a model that the user has put on this machine and named.

Nothing says that it is the right one: who takes files from it compares them with the lock.
"""

import os
from pathlib import Path

from airgap.errors import AirgapError
from airgap.toml import parse_toml


def named_copy(table: str, name: str, variable: str) -> Path | None:
    """The path that the environment or the settings name for it, or nothing.

    Args:
        table: Of the settings, ``~/.config/airgap/config.toml``: ``sources`` or ``models``.
        name: The key in that table.
        variable: The environment variable, which comes first.

    Raises:
        AirgapError: The settings cannot be read, or the path is not absolute.
    """
    origin, value = variable, os.environ.get(variable)
    if not value:
        folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        settings = Path(folder, "airgap", "config.toml")
        origin, value = str(settings), _setting(settings, table, name)
    if not value:
        return None
    path = Path(os.path.expanduser(value))
    if not path.is_absolute():
        raise AirgapError(
            f"reading where the {table.removesuffix('s')} {name} is, in",
            origin,
            expected="an absolute path of a folder" + (" or a tar" if table == "sources" else ""),
            found=value,
        )
    return path


def how_to_name(table: str, name: str, variable: str, path: str = "/path") -> str:
    """What to tell somebody who has a copy, at ``path`` where that is known, and has to name it."""
    return (
        f'{variable}={path} in the environment, or {name} = "{path}" below [{table}] in'
        " ~/.config/airgap/config.toml"
    )


def _setting(settings: Path, table: str, name: str) -> str | None:
    expected = f'a table [{table}] with lines such as {name} = "/path"'
    try:
        named = parse_toml(settings.read_text("utf-8")).get(table, {})
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AirgapError("reading", str(settings), expected=expected, found=str(error)) from error
    if not isinstance(named, dict) or not isinstance(named.get(name, ""), str):
        raise AirgapError("reading", str(settings), expected=expected, found=repr(named))
    return named.get(name)
