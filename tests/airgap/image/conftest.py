import io
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from airgap.image.bytecode import Compiler
from airgap.image.interpreter import Interpreter
from airgap.image.tar import LayerTar
from tests.airgap.image import packages
from tests.airgap.image.packages import MakeDeb, MakeWheel, WriteLayer


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    """The Python that runs the tests, in the place of the image's: both are CPython 3.11."""
    return Interpreter((sys.executable, "-S", "-s", "-P", "-B"), {})


@pytest.fixture(scope="session")
def compiler(interpreter: Interpreter) -> Iterator[Compiler]:
    made = Compiler(interpreter, processes=2)
    yield made
    made.close()


@pytest.fixture
def layer() -> WriteLayer:
    """Let a function write a layer, and open what it wrote."""

    def write(fill: Callable[[LayerTar], None]) -> tarfile.TarFile:
        out = io.BytesIO()
        tar = LayerTar(out)
        fill(tar)
        tar.close()
        return tarfile.open(fileobj=io.BytesIO(out.getvalue()))

    return write


@pytest.fixture
def make_wheel(tmp_path: Path) -> MakeWheel:
    return partial(packages.make_wheel, tmp_path)


@pytest.fixture
def make_deb(tmp_path: Path) -> MakeDeb:
    return partial(packages.make_deb, tmp_path)
