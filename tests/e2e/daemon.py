"""A Docker daemon of the tests' own, with an empty data root."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.needs import PATH, program

# Always the same folder, so that the next run finds and removes what a killed one left: 9 GB.
FOLDER = Path(tempfile.gettempdir()) / "airgap-e2e"


class Daemon:
    """A daemon that runs, in the network namespace of the thread that started it.

    Attributes:
        host: Its DOCKER_HOST.
        folder: What it keeps, all of it: its images in ``data``.
    """

    def __init__(
        self, folder: Path, command: Sequence[str], environ: dict[str, str], client: str
    ) -> None:
        for name in ("docker", "containerd", "runc", "iptables"):
            program(name)
        self.folder = folder
        self.host = f"unix://{folder}/sock"
        self._command = command
        self._environ = environ
        self._client = client
        self._start()

    def _start(self) -> None:
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                # Ends, and its containers with it, when this process does not live to end it.
                [
                    *(program("setpriv"), "--pdeathsig", "TERM"),
                    *(*self._command, "--host", self.host),
                    *(f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec"),
                    f"--pidfile={self.folder}/pid",
                ],
                stdout=log,
                stderr=log,
                env={"PATH": PATH, **self._environ},
            )

    def wait(self) -> None:
        """Until it answers."""
        ask = [program(self._client), "--host", self.host, "version"]
        deadline = time.monotonic() + 300
        while subprocess.run(ask, capture_output=True, timeout=300).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "log").read_text()
                raise RuntimeError(f"dockerd did not start:\n{log[-2000:]}")
            time.sleep(0.5)

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
def docker_daemon(
    folder: Path = FOLDER,
    command: Sequence[str] = ("dockerd",),
    environ: dict[str, str] | None = None,
    prepare: Callable[[], None] = lambda: None,
    client: str = "docker",
) -> Iterator[Daemon]:
    """Starts a daemon in the network namespace of this thread.

    A second run at the same time waits for the first one. Needs root.

    Args:
        folder: Where all of it is; removed at the end, mounts in it are undone.
        command: What starts it, before its options.
        environ: For the command, beside PATH.
        prepare: Called once the folder is there.
        client: What asks it whether it runs.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove(folder)
        # What is in it is closed; only the socket is there for the group of Docker.
        folder.mkdir(mode=0o711)
        try:
            prepare()
            daemon = Daemon(folder, command, environ or {}, client)
            try:
                daemon.wait()
                yield daemon
            finally:
                daemon.stop()
        finally:
            _remove(folder)


def _remove(folder: Path) -> None:
    """Ends a daemon that an earlier run left, and removes its folder."""
    if not folder.exists():
        return
    for process in _left(folder):
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while _left(folder) and time.monotonic() < deadline:
        time.sleep(0.5)
    mounts = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run([program("umount"), "--lazy", mount], check=True, timeout=60)
    shutil.rmtree(folder)


def _left(folder: Path) -> list[int]:
    """The daemons that run in the folder: their command line says so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if Path(os.fsdecode(arguments[0])).name == "dockerd" and (
            f"--data-root={folder}/data".encode() in arguments
        ):
            found.append(int(path.parent.name))
    return found
