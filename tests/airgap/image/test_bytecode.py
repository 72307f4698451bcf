import importlib.util
import marshal
import random
import subprocess
import sys
from types import CodeType

import pytest

from airgap.errors import AirgapError
from airgap.image.bytecode import Compiler, pyc_path
from airgap.image.interpreter import Interpreter

SOURCES = {
    "/opt/a.py": b"def alpha(first, second=','):\n    return {'left', 'right', second}\n",
    "/opt/b.py": b"left = 'alpha'\nright = ('first', ',', 7, frozenset)\n",
    "/opt/c.py": "ä = 'ä'\nclass C:\n    second = 'left'\n    x = 1 in {1, 'two', b'3'}\n".encode(),
    "/opt/d.py": "def f():\n    alpha = 'ä'\n    return lambda: alpha\n".encode(),
    "/opt/e.py": b"x = 'e' in {'ab', 'right', 'alpha', 'cd', '\xc3\xa4', 'not a name'}\n",
}


def compiled(interpreter: Interpreter, order: list[str], processes: int) -> dict[str, bytes]:
    compiler = Compiler(interpreter, processes)
    try:
        futures = {path: compiler.compile(path, SOURCES[path]) for path in order}
        return {path: future.result() or b"" for path, future in sorted(futures.items())}
    finally:
        compiler.close()


def test_bytes_do_not_depend_on_order_processes_or_hash_seed(interpreter: Interpreter) -> None:
    paths = list(SOURCES)
    expected = compiled(interpreter, paths, 1)
    for seed in range(8):
        random.Random(seed).shuffle(paths)
        seeded = Interpreter(interpreter.command, {"PYTHONHASHSEED": str(seed)})
        assert compiled(seeded, paths, 1 + seed % 3) == expected


def test_the_plain_way_does_depend_on_order() -> None:
    """What the worker's care is for; once this fails, that care may go."""
    program = (
        "import marshal, sys\n"
        "for source in {!r}:\n"
        "    code = marshal.dumps(compile(source, 'm', 'exec'))\n"
        "sys.stdout.write(code.hex())\n"
    )
    before, last = SOURCES["/opt/c.py"], SOURCES["/opt/d.py"]
    outputs = [
        subprocess.check_output([sys.executable, "-c", program.format(sources)])
        for sources in ([last], [before, last])
    ]
    assert outputs[0] != outputs[1]


def test_equal_sets_are_not_shared(compiler: Compiler) -> None:
    """Left alone they are one object or two, by what the process compiled before."""
    source = (
        b"def f(x):\n    return x in {'ab', 'cd'}\n\n\ndef g(x):\n    return x in {'ab', 'cd'}\n"
    )
    data = compiler.compile("/opt/h.py", source).result()
    assert data is not None
    functions = [item for item in marshal.loads(data[16:]).co_consts if isinstance(item, CodeType)]
    one, other = (item for f in functions for item in f.co_consts if isinstance(item, frozenset))
    assert one == other
    assert one is not other


def test_a_pyc_is_imported_without_a_look_at_its_source(interpreter: Interpreter) -> None:
    data = compiled(interpreter, ["/opt/b.py"], 1)["/opt/b.py"]
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == (1).to_bytes(4, "little")  # PEP 552: hash-based, not to be checked
    assert data[8:16] == importlib.util.source_hash(SOURCES["/opt/b.py"])
    code = marshal.loads(data[16:])
    assert code.co_filename == "/opt/b.py"
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert namespace["left"] == "alpha"


@pytest.mark.parametrize(
    "source",
    [b"print 1", b"{{ template }} x", b"a\0b", b"# coding: no-such\n", b"\xff", b"(" * 999],
)
def test_what_is_no_python_is_left_uncompiled(compiler: Compiler, source: bytes) -> None:
    assert compiler.compile("/opt/t.py", source).result() is None
    assert compiler.compile("/opt/a.py", SOURCES["/opt/a.py"]).result()


def test_source_is_decoded_by_its_coding_line(compiler: Compiler) -> None:
    source = "# -*- coding: gb18030 -*-\nx = '中文'\n".encode("gb18030")
    data = compiler.compile("/opt/g.py", source).result() or b""
    assert "中文" in marshal.loads(data[16:]).co_consts


def test_a_python_that_dies_is_an_error(interpreter: Interpreter) -> None:
    compiler = Compiler(Interpreter(("false",), {}), 1)
    with pytest.raises(AirgapError, match="ended early, with exit status 1"):
        compiler.compile("/opt/a.py", b"x" * 1000000).result()
    compiler.close()


def test_pyc_path() -> None:
    assert pyc_path("a/b.py") == "a/__pycache__/b.cpython-311.pyc"
