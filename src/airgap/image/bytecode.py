"""Compiles modules to byte-code that is the same whoever builds: see `interpreter`."""

import collections
import contextlib
import inspect
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from airgap.errors import AirgapError
from airgap.image import compile_worker
from airgap.image.interpreter import Interpreter, interpreter_archive, unpack_interpreter
from airgap.store import Blob, Store

TAG = "cpython-311"

_PIPE = 1 << 20
"""Bytes that a pipe to or from a process holds; the most that Linux gives any user."""

_UNDER_WAY = _PIPE // 2
"""Bytes that a process may have before it: they fit into its pipe, so that sending never waits for
a process that itself waits for its answers to be read."""

_BATCH = 1 << 17
"""Bytes that are sent at once: each sending costs two changes between processes."""

_HEAD = 1024
"""What a module counts for besides its bytes, so that a batch of empty ones ends too."""


def pyc_path(module: str) -> str:
    """Where an import looks for the byte-code of ``a/b.py``: ``a/__pycache__/b.cpython-311.pyc``.

    PEP 3147.
    """
    folder, slash, name = module.rpartition("/")
    return f"{folder}{slash}__pycache__/{name.removesuffix('.py') or name}.{TAG}.pyc"


class ByteCode:
    """The byte-code of one module, which may still be in the making."""

    def __init__(self, path: str, source: bytes, compiler: "Compiler") -> None:
        self.path = path
        self.source = source
        self.size = _HEAD + len(source)
        self._compiler = compiler
        self._answered = False
        self._answer: bytes | AirgapError | None = None

    def answer(self, answer: bytes | AirgapError | None) -> None:
        self._answered = True
        self._answer = answer

    def result(self) -> bytes | None:
        """Wait for the contents of the .pyc.

        Returns:
            None where the file is no Python 3.11: a template, or meant for another version.

        Raises:
            AirgapError: The process that compiled it died.
        """
        while not self._answered:
            self._compiler.proceed(self)
        if isinstance(self._answer, AirgapError):
            raise self._answer
        return self._answer


class Compiler:
    """Processes of the image's CPython that compile modules side by side.

    Answers do not depend on the number of processes or on which of them gets which module.
    """

    def __init__(self, interpreter: Interpreter, processes: int) -> None:
        """Start no process yet; at most ``processes`` are started, as there is work for them."""
        self._interpreter = interpreter
        self._processes = processes
        self._workers: list[_Worker] = []
        self._batch: list[ByteCode] = []
        self._size = 0

    def compile(self, path: str, source: bytes) -> ByteCode:
        """Start to compile a module; waits while each process has half a megabyte before it.

        Args:
            path: Absolute, as in the image.
            source: The file's bytes.
        """
        module = ByteCode(path, source, self)
        self._batch.append(module)
        self._size += module.size
        if self._size >= _BATCH:
            self._send()
        return module

    def proceed(self, module: ByteCode) -> None:
        """Do what is next to be done for a module that is not compiled yet."""
        if module in self._batch:
            self._send()
        next(worker for worker in self._workers if module in worker).collect()

    def close(self) -> None:
        """End the processes; what was not waited for is lost."""
        for worker in self._workers:
            worker.close()

    def _send(self) -> None:
        if len(self._workers) < self._processes and all(worker.load for worker in self._workers):
            self._workers.append(_Worker(self._interpreter))
        min(self._workers, key=lambda worker: worker.load).send(self._batch, self._size)
        self._batch, self._size = [], 0


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
            pipesize=_PIPE,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._sources: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        self._waiting: collections.deque[ByteCode] = collections.deque()
        self.load = 0
        """Bytes that were sent and not yet answered."""

    def __contains__(self, module: ByteCode) -> bool:
        return module in self._waiting

    def send(self, batch: Sequence[ByteCode], size: int) -> None:
        while self.load and self.load + size > _UNDER_WAY:
            self.collect()
        self.load += size
        self._waiting += batch
        parts = [struct.pack(">I", len(batch))]
        for module in batch:
            name = module.path.encode("utf-8", "surrogateescape")
            parts += (struct.pack(">II", len(name), len(module.source)), name, module.source)
        # That a process died is noticed when its answer is read.
        with contextlib.suppress(BrokenPipeError):
            self._sources.write(b"".join(parts))
            self._sources.flush()

    def collect(self) -> None:
        """Wait for the next answer."""
        module = self._waiting.popleft()
        self.load -= module.size
        try:
            done, size = struct.unpack(">BI", self._read(5))
            data = self._read(size)
        except EOFError:
            module.answer(
                AirgapError(
                    "compiling for the image",
                    module.path,
                    found=f"its Python ended early, with exit status {self._process.wait()}",
                    remedy="check that programs may run from the store's disk (no `noexec`)",
                )
            )
        else:
            module.answer(data if done else None)

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._sources.close()
        self._answers.close()
        self._process.wait()

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) != size:
            raise EOFError
        return data
