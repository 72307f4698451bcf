"""A network for the tests: this process in a namespace whose only neighbour is "outside".

The ports of the bundle are then free whatever else runs on the machine, two runs do not meet, and
what would leave the host can be seen. All of it ends with the processes in it.
"""

import ctypes
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.e2e.needs import PATH, missing, program

OUTSIDE = "203.0.113.1"
"""The machine outside; it answers on port 80. The block is one for documentation (RFC 5737)."""
HOST = "203.0.113.2"
"""The address of the host that the bundle runs on."""
ALLOWED_PORT, FORBIDDEN_PORT = 8090, 8091
"""Of the machine outside: a tide table is asked for there over HTTP."""
HIGH_WATER = "05:42"
"""What the tide table says of every harbour."""

_MARK = "mark.invalid"
_CLONE_NEWNET = 0x40000000


class Packet(NamedTuple):
    """A TCP or UDP packet that reached the machine outside.

    Attributes:
        source: The address that it came from.
        port: Where it went.
        name: What it asked for, if it was a question to a name server.
    """

    source: str
    port: int
    name: str


@dataclass(frozen=True)
class Seen:
    """What reached the machine outside.

    Attributes:
        home: The namespace that the tests came from, as a file descriptor.
    """

    log: Path
    home: int

    def at_home(self) -> list[str]:
        """What comes before a command that runs with the network of the machine itself."""
        return [program("nsenter"), f"--net=/proc/{os.getpid()}/fd/{self.home}"]

    def packets(self) -> list[Packet]:
        """Each packet so far, in order.

        The machine outside writes of a packet some time after it came. So it is sent a mark: when
        it has written of that, it has written of all before.
        """
        mark = f"{secrets.token_hex(8)}.{_MARK}"
        deadline = time.monotonic() + 60
        again = 0.0
        while mark not in (text := self.log.read_text()):
            now = time.monotonic()
            assert now < deadline, "the machine outside sees nothing more"
            # A datagram may be lost.
            if now >= again:
                _ask_for(mark)
                again = now + 5
            time.sleep(0.01)
        lines = (line.split() for line in text[: text.index(mark)].splitlines()[:-1])
        packets = [Packet(words[0], int(words[1]), words[2]) for words in lines if len(words) == 3]
        return [packet for packet in packets if not packet.name.endswith(_MARK)]


def _ask_for(name: str) -> None:
    """Sends the machine outside a question for a name (RFC 1035, 4.1), which nobody answers."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(bytes(12) + labels + bytes(5), (OUTSIDE, 53))


@contextmanager
def intranet(folder: Path) -> Iterator[Seen]:
    """Moves this thread, and what it starts from now on, into a namespace of its own.

    Needs root. Threads that run already stay where they are.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    ip, nsenter, setpriv, unshare = map(program, ("ip", "nsenter", "setpriv", "unshare"))
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if libc.unshare(_CLONE_NEWNET) != 0:
        missing(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")
    try:
        log = folder / "outside.log"
        with log.open("w") as output:
            script = Path(__file__).with_name("outside.py")
            outside = subprocess.Popen(
                # Ends with this process even where that is killed.
                [
                    *(setpriv, "--pdeathsig", "KILL", unshare, "--net", sys.executable, script),
                    *(HIGH_WATER, str(ALLOWED_PORT), str(FORBIDDEN_PORT)),
                ],
                stdout=output,
                env={"PATH": PATH},
            )
        try:
            while "ready" not in log.read_text():
                assert outside.poll() is None, "the machine outside did not start"
                time.sleep(0.05)
            beyond = [nsenter, f"--net=/proc/{outside.pid}/ns/net", ip]
            for command in (
                [ip, "link", "set", "lo", "up"],
                [ip, *"link add up0 type veth peer name in0 netns".split(), str(outside.pid)],
                [ip, "address", "add", f"{HOST}/24", "dev", "up0"],
                [ip, "link", "set", "up0", "up"],
                [*beyond, "address", "add", f"{OUTSIDE}/24", "dev", "in0"],
                [*beyond, "link", "set", "in0", "up"],
                [ip, "route", "add", "default", "via", OUTSIDE],
            ):
                subprocess.run(command, check=True, timeout=30)
            yield Seen(log, home)
        finally:
            outside.kill()
            outside.wait()
    finally:
        libc.setns(home, _CLONE_NEWNET)
        os.close(home)
