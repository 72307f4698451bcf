"""Compiles modules for one layer; runs inside the image's own CPython, never in the build's.

Batches on standard input, one answer for each module on standard output, until the input ends::

    batch     >I   number of requests; then those
    request   >II  length of path, length of source; then both
    answer    >BI  1 compiled or 0 not compilable, length of the .pyc; then that

`marshal` writes an object with a back-reference mark only if something else refers to it, and a
string with another mark if it is interned. Of all that a compiled module consists of, strings alone
are shared with other modules of the process, so these marks would depend on what was compiled
before. Here every string is held once more while it is written, and the one-character strings, of
which a process has only one each, are interned beforehand. Equal sets of a module are one set or
several, by whether a string in them was interned already; here each becomes a set of its own. So
nothing but the source decides.
"""

import importlib.util
import marshal
import struct
import sys
from types import CodeType
from typing import Any

UNCHECKED_HASH = 0b01
"""PEP 552: the .pyc names the hash of its source, and an import does not look at the source."""

_CONTAINERS = {CodeType, tuple, frozenset}


def byte_code(path: str, source: bytes) -> bytes:
    """Compile one module to the contents of its .pyc.

    Args:
        path: Where the image has the module; goes into tracebacks.
        source: The file's bytes, decoded by its own coding line.
    """
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    held, any_set = _strings(code)
    if any_set:
        del held
        code = _with_own_sets(code)
        held, _ = _strings(code)
    header = struct.pack("<4sL", importlib.util.MAGIC_NUMBER, UNCHECKED_HASH)
    data = header + importlib.util.source_hash(source) + marshal.dumps(code)
    del held
    return data


def _with_own_sets(code: CodeType) -> CodeType:
    """The same code with no set in two places."""
    constants: list[object] = []
    for item in code.co_consts:
        if isinstance(item, CodeType):
            item = _with_own_sets(item)
        elif isinstance(item, frozenset):
            item = frozenset([*item])
        constants.append(item)
    return code.replace(co_consts=tuple(constants))


def _strings(code: CodeType) -> tuple[list[object], bool]:
    """Every string that `marshal` will meet (among others), so that each is referred to twice.

    Says too whether there is a set.
    """
    held: list[object] = []
    any_set = False
    waiting: list[Any] = [code]
    for items in waiting:  # which grows meanwhile
        if type(items) is CodeType:
            held += items.co_names
            # Made for the asking, so what they hold is referred to once more as long as they are.
            held += (items.co_varnames, items.co_cellvars, items.co_freevars)
            held += (items.co_filename, items.co_name, items.co_qualname)
            items = items.co_consts
        held += items
        if not _CONTAINERS.isdisjoint(map(type, items)):
            waiting += [item for item in items if type(item) in _CONTAINERS]
            any_set = any_set or frozenset in map(type, items)
    return held, any_set


def serve() -> None:
    """Answer requests until they end."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    for number in range(256):
        sys.intern(chr(number))
    while head := requests.read(4):
        for _ in range(*struct.unpack(">I", head)):
            path_size, source_size = struct.unpack(">II", requests.read(8))
            path = requests.read(path_size).decode("utf-8", "surrogateescape")
            source = requests.read(source_size)
            try:
                done, data = 1, byte_code(path, source)
            except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
                done, data = 0, b""
            answers.write(struct.pack(">BI", done, len(data)) + data)
        answers.flush()


if __name__ == "__main__":
    serve()
