"""Ports for what tests start later."""

import random
import socket

_FIRST, _AFTER = 10_000, 30_000
"""Below those that the system itself gives to connections and to whoever asks for any port."""

_next = random.randrange(_FIRST, _AFTER)


def free_port() -> int:
    """A port on which nobody listens, and another one at each call.

    Were it one of the system's own, another program could be given it before it is used, and two
    calls could give the same.
    """
    global _next
    for _ in range(_FIRST, _AFTER):
        port = _next
        _next = port + 1 if port + 1 < _AFTER else _FIRST
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
