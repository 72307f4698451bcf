"""Compiles modules to byte-code that is the same whoever builds: see `interpreter`."""

import contextlib
import inspect
import queue
import struct
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import IO

from airgap.errors import AirgapError
from airgap.image import compile_worker
from airgap.image.interpreter import Interpreter, interpreter_archive, unpack_interpreter
from airgap.store import Blob, Store

TAG = "cpython-311"

_DOING = "compiling for the image"


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
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._workers = [_Worker(interpreter) for _ in range(processes)]
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(processes)

    def compile(self, path: str, source: bytes) -> Future[bytes | None]:
        """Start to compile a module.

        Args:
            path: Absolute, as in the image.
            source: The file's bytes.

        Returns:
            The contents of its .pyc, or None where the file is no Python 3.11: a template, or meant
            for another version. The future raises `AirgapError` when the process died.
        """
        return self._threads.submit(self._answer, path, source)

    def close(self) -> None:
        """End the processes; what was not yet compiled is dropped."""
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def _answer(self, path: str, source: bytes) -> bytes | None:
        worker = self._idle.get()
        try:
            return worker.compile(path, source)
        finally:
            self._idle.put(worker)


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


class _Worker:
    """One process that runs `compile_worker`."""

    def __init__(self, interpreter: Interpreter) -> None:
        # As text, because this package may lie in a zip file, and the other Python has none of it.
        program = inspect.getsource(compile_worker)
        self._process = subprocess.Popen(
            (*interpreter.command, "-c", program),
            env=dict(interpreter.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._requests: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout

    def compile(self, path: str, source: bytes) -> bytes | None:
        name = path.encode("utf-8", "surrogateescape")
        try:
            self._requests.write(struct.pack(">II", len(name), len(source)) + name)
            self._requests.write(source)
            self._requests.flush()
            done, size = struct.unpack(">BI", self._read(5))
            answer = self._read(size)
        except (BrokenPipeError, EOFError) as error:
            raise AirgapError(
                _DOING,
                path,
                found=f"its Python ended early, with exit status {self._process.wait()}",
                remedy="check that programs may run from the store's disk (not mounted noexec)",
            ) from error
        return answer if done else None

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        self._process.wait()

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) != size:
            raise EOFError
        return data
