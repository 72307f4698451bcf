"""Compiles modules to byte-code that is the same whoever builds: see `interpreter`."""

import contextlib
import inspect
import queue
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from airgap.errors import AirgapError
from airgap.image import compile_worker
from airgap.image.interpreter import Interpreter, interpreter_archive, unpack_interpreter
from airgap.store import Blob, Store

TAG = "cpython-311"

_PIPE = 1 << 20
"""Bytes under way to a process, so that it never waits; the most that Linux gives any user."""


def pyc_path(module: str) -> str:
    """Where an import looks for the byte-code of ``a/b.py``: ``a/__pycache__/b.cpython-311.pyc``.

    PEP 3147.
    """
    path = PurePosixPath(module)
    return str(path.parent / "__pycache__" / f"{path.stem}.{TAG}.pyc")


class Compiler:
    """Processes of the image's CPython that compile modules side by side.

    Answers do not depend on the number of processes or on which of them gets which module.
    """

    def __init__(self, interpreter: Interpreter, processes: int) -> None:
        """Start no process yet; at most ``processes`` are started, as there is work for them."""
        self._interpreter = interpreter
        self._processes = processes
        self._workers: list[_Worker] = []

    def compile(self, path: str, source: bytes) -> Future[bytes | None]:
        """Start to compile a module; waits while a megabyte of sources is waiting already.

        Args:
            path: Absolute, as in the image.
            source: The file's bytes.

        Returns:
            The contents of its .pyc, or None where the file is no Python 3.11: a template, or meant
            for another version. The future raises `AirgapError` when the process died.
        """
        if len(self._workers) < self._processes and all(worker.load for worker in self._workers):
            self._workers.append(_Worker(self._interpreter))
        return min(self._workers, key=lambda worker: worker.load).compile(path, source)

    def close(self) -> None:
        """End the processes, after what they were given."""
        for worker in self._workers:
            worker.close()


@contextlib.contextmanager
def compiler(store: Store, debs: Mapping[str, Blob], processes: int = 2) -> Iterator[Compiler]:
    """A `Compiler` made of Debian packages (by name), for as long as the block runs.

    Raises:
        AirgapError: A package is missing, damaged or hostile.
    """
    archive = store.path(interpreter_archive(store, debs))
    with store.workdir() as folder:
        made = Compiler(unpack_interpreter(archive, folder), processes)
        try:
            yield made
        finally:
            made.close()


@dataclass
class _Request:
    path: str
    size: int
    answer: Future[bytes | None]


class _Worker:
    """One process that runs `compile_worker`, and a thread that collects its answers."""

    def __init__(self, interpreter: Interpreter) -> None:
        # As text, because this package may lie in a zip file, and the other Python has none of it.
        program = inspect.getsource(compile_worker)
        self._process = subprocess.Popen(
            (*interpreter.command, "-c", program),
            env=dict(interpreter.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=_PIPE,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._sources: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        self._sent: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._asked = 0
        self._answered = 0
        self._thread = threading.Thread(target=self._collect)
        self._thread.start()

    @property
    def load(self) -> int:
        """Bytes of source that were sent and not yet compiled."""
        return self._asked - self._answered

    def compile(self, path: str, source: bytes) -> Future[bytes | None]:
        request = _Request(path, len(source), Future())
        self._asked += request.size
        self._sent.put(request)
        name = path.encode("utf-8", "surrogateescape")
        # A process that died is noticed by the thread.
        with contextlib.suppress(BrokenPipeError):
            self._sources.write(struct.pack(">II", len(name), len(source)) + name)
            self._sources.write(source)
            self._sources.flush()
        return request.answer

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._sources.close()
        self._sent.put(None)
        self._thread.join()
        self._answers.close()
        self._process.wait()

    def _collect(self) -> None:
        while request := self._sent.get():
            try:
                done, size = struct.unpack(">BI", self._read(5))
                data = self._read(size)
            except EOFError:
                request.answer.set_exception(
                    AirgapError(
                        "compiling for the image",
                        request.path,
                        found=f"its Python ended early, with exit status {self._process.wait()}",
                        remedy="check that programs may run from the store's disk (no `noexec`)",
                    )
                )
            else:
                self._answered += request.size
                request.answer.set_result(data if done else None)

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) != size:
            raise EOFError
        return data
