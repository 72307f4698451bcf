"""The kernels of the code interpreter: one for each session that has run code."""

import atexit
import base64
import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 120.0
"""A kernel that is not ready by then is given up; on a loaded machine one takes up to 30."""
CALL_SECONDS = 30.0
"""How long the code of one call may run, as upstream has it."""
IDLE_SECONDS = 1800.0
"""A kernel that has had nothing to do for so long ends: its page may be gone without a word."""
OUTPUT_CHARACTERS = 8000
"""What of a call's output is kept: its beginning and its end, a half each."""
OUTPUT_IMAGES = 8

_GRACE_SECONDS = 5.0
_IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")

# A kernel is killed when the thread that started it ends, so they are all started by one that
# stays until the process ends.
_starter = ThreadPoolExecutor(1, "kernels")


class KernelGone(Exception):
    """The kernel ended, or did not start; the text is the reason."""


@dataclass(frozen=True)
class Recipe:
    """What every kernel is made with.

    Attributes:
        font: The font that has Chinese characters.
        start_code: What is run in each before anything else.
        scratch: Where each gets a folder for its own files, gone with it.
    """

    font: Path
    start_code: str
    scratch: Path


class Kernel:
    """One kernel process that works in ``folder``. A call takes the kernel for itself."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """Start it: 250 MB and a few seconds.

        Raises:
            KernelGone: If it does not become ready.
        """
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        recipe.scratch.mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(prefix="kernel-", dir=recipe.scratch))
        self._process = _starter.submit(_start, recipe.font, folder, self._scratch).result()
        self._client: Any = None
        try:
            self._client = self._connect()
            self.run(recipe.start_code, START_SECONDS)
        except BaseException:
            self.end()
            raise

    def _connect(self) -> Any:
        import zmq
        from jupyter_client import BlockingKernelClient

        deadline = time.monotonic() + START_SECONDS
        file = _connection_file(self._scratch)
        # It appears under its name before it is written in full.
        while not (file.is_file() and file.read_text(encoding="utf-8").rstrip().endswith("}")):
            self._check_alive()
            if time.monotonic() > deadline:
                raise KernelGone(f"it was not ready within {START_SECONDS:.0f} s")
            time.sleep(0.1)
        client = BlockingKernelClient(connection_file=str(file), context=zmq.Context.instance())
        client.load_connection_file()
        client.start_channels(stdin=False, hb=False)
        try:
            client.wait_for_ready(timeout=max(1.0, deadline - time.monotonic()))
        except RuntimeError as error:
            client.stop_channels()
            self._check_alive()
            raise KernelGone(f"it was not ready within {START_SECONDS:.0f} s") from error
        return client

    def run(self, code: str, seconds: float = CALL_SECONDS) -> str:
        """Run ``code`` and return what it put out, images as Markdown that names their files.

        Raises:
            KernelGone: It ended on the way, or had to be ended because it would not stop.
        """
        output = Output(self._folder)
        asked = self._client.execute(code, allow_stdin=False)
        deadline = time.monotonic() + seconds
        interrupted = False
        while True:
            now = time.monotonic()
            if now > deadline + _GRACE_SECONDS:
                raise KernelGone(f"its code ran for more than {seconds:.0f} s and did not stop")
            if now > deadline and not interrupted:
                interrupted = True
                self._process.send_signal(signal.SIGINT)
            try:
                message = self._client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                self._check_alive()
                continue
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
            if not interrupted:
                output.take(message["msg_type"], content)
        if interrupted:
            output.text(f"\nTimeout: the code ran for more than {seconds:.0f} s and was stopped.")
        return str(output) or "The code executed successfully."

    def _check_alive(self) -> None:
        # Its id stays its own until `end`, so that nothing else is ever killed by it.
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return
        why = f"it ended with status {found.si_status}"
        if found.si_code != os.CLD_EXITED:
            why = f"it was ended by signal {found.si_status}"
            if found.si_status == signal.SIGKILL:
                why += ", as happens where memory runs out"
        elif last := (self._scratch / "log").read_text(errors="replace").strip().splitlines():
            why += f": {last[-1]}"
        raise KernelGone(why)

    def kill(self) -> None:
        """End the process, and what it started, at once; a call under way raises KernelGone."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it and remove what it leaves; not while a call is under way."""
        self.kill()
        self._process.wait()
        if self._client is not None:
            self._client.stop_channels()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _connection_file(scratch: Path) -> Path:
    return scratch / "connection.json"


def _start(font: Path, folder: Path, scratch: Path) -> "subprocess.Popen[bytes]":
    command = [
        *(sys.executable, "-P", "-m", "agentfabric_offline.kernel_process"),
        *(str(os.getpid()), str(font)),
        f"--IPKernelApp.connection_file={_connection_file(scratch)}",
        "--matplotlib=inline",
        "--quiet",
    ]
    with (scratch / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment(os.environ, import_path(), scratch),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def import_path() -> list[str]:
    """Where a kernel imports from: the stack and this program, wherever they are.

    Left out of what this process imports from is the folder in which it was started, as that may
    be any.
    """
    own = str(Path(__file__).parent.parent)
    stack = (sys.prefix + os.sep, sys.base_prefix + os.sep)
    return [each for each in sys.path if each.startswith(stack) or each == own]


def environment(environ: Mapping[str, str], path: list[str], scratch: Path) -> dict[str, str]:
    """The variables of a kernel: what it needs to start, and nothing of the page's settings.

    It imports from the folders in ``path``, and writes its own files below ``scratch``.
    """
    home = str(scratch)
    return {
        **{name: environ[name] for name in _KEPT_VARIABLES if name in environ},
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": home,
        "JUPYTER_RUNTIME_DIR": home,
        "JUPYTER_CONFIG_DIR": home,
        "JUPYTER_DATA_DIR": home,
        "MPLCONFIGDIR": home,
    }


class Output:
    """What a call puts out, in memory no larger than what is kept of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._head = ""
        self._tail: deque[str] = deque(maxlen=OUTPUT_CHARACTERS // 2)
        self._left_out = 0
        self._images: list[str] = []
        self._images_left_out = 0

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Keep what one message of the kernel's (Jupyter's messaging protocol 5.3) holds."""
        if kind == "stream":
            self.text(content["text"])
        elif kind == "error":
            self.text("\n" + _ANSI.sub("", "\n".join(content["traceback"])))
        elif kind in ("execute_result", "display_data"):
            data = content["data"]
            image = next((each for each in _IMAGES if each in data), None)
            if image:
                self._image(data[image], _IMAGES[image])
            else:
                self.text("\n" + data.get("text/plain", "") + "\n")

    def text(self, text: str) -> None:
        """Add ``text``."""
        room = OUTPUT_CHARACTERS // 2 - len(self._head)
        self._head += text[:room]
        rest = text[room:]
        self._left_out += max(0, len(self._tail) + len(rest) - OUTPUT_CHARACTERS // 2)
        self._tail.extend(rest)

    def _image(self, encoded: str, suffix: str) -> None:
        if len(self._images) == OUTPUT_IMAGES:
            self._images_left_out += 1
            return
        file = self._folder / f"{uuid.uuid4()}.{suffix}"
        file.write_bytes(base64.b64decode(encoded))
        self._images.append(f"![IMAGEGEN]({file})")

    def __str__(self) -> str:
        text = self._head
        if self._left_out:
            text += f"\n[… {self._left_out} characters left out …]\n"
        text += "".join(self._tail)
        parts = [text.strip("\n"), *self._images]
        if self._images_left_out:
            parts.append(f"[… {self._images_left_out} images left out …]")
        return "\n\n".join(filter(None, parts))


@dataclass
class _Session:
    """One session's kernel, when it was last used, and what to say at the next use."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    kernel: Kernel | None = None
    used: float = field(default_factory=time.monotonic)
    lost: str = ""


class Kernels:
    """A kernel for each session, started when it first runs code; all end with this process."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None
        atexit.register(self.end_all)

    def run(self, session: str, folder: Path, code: str) -> str:
        """Run ``code`` in the kernel of ``session``, which is started in ``folder`` if need be.

        Whatever goes wrong is told in the text that is returned.
        """
        with self._lock:
            mine = self._sessions.setdefault(session, _Session())
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="kernels", daemon=True)
                self._sweeper.start()
        with mine.lock:
            mine.used = time.monotonic()
            note = mine.lost
            try:
                if mine.kernel is None:
                    mine.kernel = Kernel(self._recipe, folder)
                    mine.lost = ""
                if self._is_over(session, mine):
                    raise KernelGone("its page was left")
                result = mine.kernel.run(code)
            except KernelGone as error:
                _close(mine)
                mine.lost = ""
                return (
                    f"{note}The code interpreter's process is gone: {error}. It starts anew at the "
                    "next call; variables and imports of earlier calls are lost."
                )
            finally:
                mine.used = time.monotonic()
                if self._is_over(session, mine):
                    _close(mine)
        return note + result

    def _is_over(self, session: str, mine: _Session) -> bool:
        with self._lock:
            return self._sessions.get(session) is not mine

    def end(self, session: str) -> None:
        """End the kernel of ``session``, even one that is running code."""
        with self._lock:
            ended = self._sessions.pop(session, None)
        if ended is None:
            return
        if kernel := ended.kernel:
            kernel.kill()
        # Else the call that is under way closes it, as its session is over.
        if ended.lock.acquire(blocking=False):
            try:
                _close(ended)
            finally:
                ended.lock.release()

    def end_all(self) -> None:
        """End all kernels."""
        for session in list(self._sessions):
            self.end(session)

    def end_idle(self, now: float) -> None:
        """End the kernels that were last used more than ``IDLE_SECONDS`` before ``now``."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            if session.kernel is None or now - session.used < IDLE_SECONDS:
                continue
            if session.lock.acquire(blocking=False):
                try:
                    _close(session)
                    session.lost = (
                        f"[Unused for {IDLE_SECONDS / 60:.0f} minutes, the code interpreter was "
                        "ended and now starts anew; variables of earlier calls are lost.]\n"
                    )
                finally:
                    session.lock.release()

    def _sweep(self) -> None:
        while True:
            time.sleep(60)
            self.end_idle(time.monotonic())


def _close(session: _Session) -> None:
    kernel, session.kernel = session.kernel, None
    if kernel is not None:
        kernel.end()
