"""Compiles modules for one layer; runs inside the image's own CPython, never in the build's.

Requests on standard input, one answer each on standard output, until the input ends::

    request   >II  length of path, length of source; then both
    answer    >BI  1 compiled or 0 not compilable, length; then the .pyc or the reason as UTF-8

`marshal` writes an object with a back-reference mark only if something else refers to it, and a
string with another mark if it is interned: two traits of the process, not of the code. So the same
source would give other bytes after other files. Here every constant is held twice and every
one-character string (of which a process has only one) is interned beforehand, which leaves nothing
but the source to decide.
"""

import importlib.util
import marshal
import struct
import sys
from types import CodeType
from typing import Any, BinaryIO

UNCHECKED_HASH = 0b01
"""PEP 552: the .pyc names the hash of its source, and an import does not look at the source."""


def byte_code(path: str, source: bytes) -> bytes:
    """Compile one module to the contents of its .pyc.

    Args:
        path: Where the image has the module; goes into tracebacks.
        source: The file's bytes, decoded by its own coding line.
    """
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    held = _reachable(code)
    header = struct.pack("<4sL", importlib.util.MAGIC_NUMBER, UNCHECKED_HASH)
    data = header + importlib.util.source_hash(source) + marshal.dumps(code)
    del held
    return data


def _reachable(code: CodeType) -> list[Any]:
    """Every object that `marshal` will meet, so that each has one more reference than its own."""
    held: list[Any] = [code]
    for item in held:  # grows while it is walked
        if isinstance(item, CodeType):
            held += (
                item.co_code,
                item.co_consts,
                item.co_names,
                item.co_varnames,
                item.co_cellvars,
                item.co_freevars,
                item.co_filename,
                item.co_name,
                item.co_qualname,
                item.co_linetable,
                item.co_exceptiontable,
            )
        elif isinstance(item, tuple | frozenset):
            held += item
    return held


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until they end."""
    for number in range(256):
        sys.intern(chr(number))
    while head := requests.read(8):
        path_size, source_size = struct.unpack(">II", head)
        path = requests.read(path_size).decode("utf-8", "surrogateescape")
        source = requests.read(source_size)
        try:
            done, data = 1, byte_code(path, source)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            done, data = 0, f"{type(error).__name__}: {error}".encode(errors="replace")
        answers.write(struct.pack(">BI", done, len(data)))
        answers.write(data)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
