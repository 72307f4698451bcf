"""The program that checks and joins parts on arrival, as the one file that travels with them."""

import re
from pathlib import Path

NAME = "airgap-parts"

_BEGIN = "# pieces\n"
_END = "# end of pieces\n"


def render_program(host: Path) -> bytes:
    """Put the program together: its text, with the pieces that it loads from ``lib`` in it.

    Args:
        host: The folder of the intranet host's program, ``src/host``.
    """
    before, rest = (host / NAME).read_text().split(_BEGIN)
    loop, after = rest.split(_END)
    names = re.search(r"for part in ([^;]*);", loop)
    assert names is not None, f"{NAME} does not name its pieces"
    pieces = names[1].replace("\\\n", " ").split()
    texts = [(host / "lib" / f"{piece}.sh").read_text() for piece in pieces]
    return "".join([before, *texts, after]).encode()
