"""What signals do to programs that tests start."""

import signal


def reset_signals() -> None:
    """Let each signal that ends a program do so: for ``preexec_fn``.

    A test that runs in the background, or in a session that outlives its terminal, has Ctrl-C and
    the terminal's end ignored, and so has all that it starts: no shell could catch them.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
