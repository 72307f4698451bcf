"""What the tests of packages and models stand on, for those that damage them."""

import resource
from collections.abc import Iterator

import pytest

from tests.airgap.image.conftest import compiler, interpreter, make_wheel
from tests.airgap.models.conftest import write_gguf

__all__ = ["bounded_memory", "compiler", "interpreter", "make_wheel", "write_gguf"]

_BYTES = 4 << 30


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    """A reader that asks for more memory than there is fails its test, and not the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
