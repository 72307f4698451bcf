"""The built agentfabric.pex on this machine, without a container."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.needs import python311
from tests.ports import free_port

START_SECONDS = 400.0
"""Of a server; the first start also unpacks the PEX, and the machine may be busy."""

PRELUDE = """
import json, os, sys, tempfile
from pathlib import Path
from agentfabric_offline import adaptations, environment
from agentfabric_offline.settings import read_settings
from agentfabric_offline.upstream import Upstream

settings = read_settings(["app"], os.environ)
scratch = Path(tempfile.mkdtemp())
environment.prepare(os.environ, settings, scratch)
environment.use_as_working_folder(scratch)
upstream = Upstream(settings, scratch)
for adapt in adaptations.LIBRARY:
    adapt(upstream)

"""
"""What ``Stack.run`` is given before code that needs ``upstream`` as a page finds it."""


@dataclass(frozen=True)
class Stack:
    """A PEX and the environment in which it is run.

    Attributes:
        pex: The folder of the PEX.
        environ: All of the environment: nothing of the tests' own reaches the program.
    """

    pex: Path
    environ: Mapping[str, str]

    def command(self, *arguments: str | Path) -> list[str | Path]:
        # -B: Python would leave byte-code of the program's first file in the folder.
        return [python311(), "-B", self.pex / "pex", *arguments]

    def run(self, code: str, *arguments: str | Path, **environ: str) -> str:
        """What Python code prints that is run with the PEX's wheels, app and upstream's source.

        Fails with what it printed on stderr when it does not end with 0.
        """
        done = subprocess.run(
            self.command("-c", code, *arguments),
            env={**self.environ, "PEX_INTERPRETER": "1", **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def serve(self, which: str, log: Path, **environ: str) -> Iterator[str]:
        """Runs the program, ``app`` or ``bot``; yields its address when it answers."""
        port = free_port()
        address = f"http://127.0.0.1:{port}/"
        with started(
            self.command(which), {**self.environ, "PORT": str(port), **environ}, address, log
        ):
            yield address


@contextmanager
def started(
    command: Sequence[str | Path],
    environ: Mapping[str, str],
    address: str,
    log: Path,
    folder: Path | None = None,
) -> Iterator[int]:
    """Runs a server, in ``folder`` if one is given; yields its pid when ``address`` answers."""
    with (
        log.open("w") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            wait(process, address, log)
            yield process.pid
        finally:
            process.terminate()


def wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=30).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        else:
            return
