"""A Docker daemon of the tests' own, with an empty data root."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.needs import PATH, program

# Always the same folder, so that the next run finds and removes what a killed one left: 9 GB.
FOLDER = Path(tempfile.gettempdir()) / "airgap-e2e"


class Daemon:
    """A daemon that runs, in the network namespace of the thread that started it.

    Attributes:
        host: Its DOCKER_HOST.
    """

    def __init__(self) -> None:
        for name in ("docker", "containerd", "runc", "iptables"):
            program(name)
        self.host = f"unix://{FOLDER}/sock"
        self._start()

    def _start(self) -> None:
        with (FOLDER / "log").open("a") as log:
            self._process = subprocess.Popen(
                # Ends, and its containers with it, when this process does not live to end it.
                [
                    *(program("setpriv"), "--pdeathsig", "TERM"),
                    *(program("dockerd"), "--host", self.host),
                    *(f"--data-root={FOLDER}/data", f"--exec-root={FOLDER}/exec"),
                    f"--pidfile={FOLDER}/pid",
                ],
                stdout=log,
                stderr=log,
                env={"PATH": PATH},
            )

    def wait(self) -> None:
        """Until it answers."""
        _wait(self._process, self.host)

    def stop(self) -> None:
        """Ends it, and with it the containers."""
        self._process.terminate()
        self._process.wait(300)

    def restart(self) -> None:
        """As a restart of the service or of the host does."""
        self.stop()
        self._start()
        self.wait()


@contextmanager
def docker_daemon() -> Iterator[Daemon]:
    """Starts a daemon in the network namespace of this thread.

    A second run at the same time waits for the first one. Needs root.
    """
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove()
        FOLDER.mkdir(mode=0o700)
        daemon = Daemon()
        try:
            daemon.wait()
            yield daemon
        finally:
            try:
                daemon.stop()
            finally:
                _remove()


def _wait(daemon: "subprocess.Popen[bytes]", socket: str) -> None:
    ask = [program("docker"), "--host", socket, "version"]
    deadline = time.monotonic() + 300
    while subprocess.run(ask, capture_output=True, timeout=300).returncode != 0:
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("dockerd did not start:\n" + (FOLDER / "log").read_text()[-2000:])
        time.sleep(0.5)


def _remove() -> None:
    """Ends a daemon that an earlier run left, and removes its folder."""
    if not FOLDER.exists():
        return
    for process in _left():
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while _left() and time.monotonic() < deadline:
        time.sleep(0.5)
    mounts = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    for mount in sorted((m for m in mounts if m.startswith(f"{FOLDER}/")), reverse=True):
        subprocess.run([program("umount"), "--lazy", mount], check=True, timeout=60)
    shutil.rmtree(FOLDER)


def _left() -> list[int]:
    """The daemons that run in the folder: their command line says so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if Path(os.fsdecode(arguments[0])).name == "dockerd" and (
            f"--data-root={FOLDER}/data".encode() in arguments
        ):
            found.append(int(path.parent.name))
    return found
