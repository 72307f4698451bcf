"""Refuses the network to the Python that builds a wheel, and notes what the build asked for.

Beside the build backends it is a module that a ``.pth`` file imports (`site`, Python's library
reference), so it is there before any code of the source is. pip itself, which runs the backend, is
let through: its own settings say where it may go.
"""

import sys
from pathlib import Path
from typing import Any

ASKED = "asked-for"
"""In the folder that holds the virtual environment: a line for each thing that was asked for."""

_BY_NAME = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_BY_ADDRESS = ("socket.connect", "socket.sendto", "socket.sendmsg")


def _wanted(event: str, arguments: tuple[Any, ...]) -> str | None:
    """What an event of Python's audit events table (PEP 578) would reach outside, if anything."""
    if event == "urllib.Request":
        url = str(arguments[0])
        return None if url.startswith(("file:", "data:")) else url
    if event in _BY_NAME:
        host, port = (*arguments, None)[:2]
        return f"{host}:{port}" if port else str(host)
    # The address of a Unix socket is a path, and that of a connected socket may be None.
    if event in _BY_ADDRESS and isinstance(address := arguments[1], tuple):
        return f"{address[0]}:{address[1]}"
    return None


def refuse(folder: Path) -> None:
    """From now on nothing outside can be reached; what is asked for is noted in ``folder``."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if (wanted := _wanted(event, arguments)) is not None:
            with open(folder / ASKED, "a", encoding="utf-8") as file:
                file.write(f"{wanted}\n")
            raise ConnectionRefusedError(f"a build may not ask for {wanted}")

    sys.addaudithook(hook)


def _is_pip(command: list[str]) -> bool:
    return len(command) > 1 and Path(command[1]).name == "pip"


if __name__ == "no_network" and not _is_pip(sys.orig_argv):
    refuse(Path(sys.prefix).parent)
