import io
import json
import struct

import numpy
import pytest
from safetensors.numpy import load

from airgap.models.safetensors_file import Tensor, write_safetensors


def tensor(name: str, shape: tuple[int, ...], data: bytes) -> Tensor:
    return Tensor(name, "F16", shape, lambda: data)


def test_the_library_reads_what_was_written() -> None:
    numbers = numpy.arange(6, dtype="<f2").reshape(2, 3)
    out = io.BytesIO()
    write_safetensors(
        out, [tensor("b", (2, 3), numbers.tobytes()), tensor("a", (2,), numbers[0, :2].tobytes())]
    )
    read = load(out.getvalue())
    assert read.keys() == {"a", "b"}
    assert numpy.array_equal(read["b"], numbers)
    assert numpy.array_equal(read["a"], numbers[0, :2])


def test_the_tensors_begin_at_a_multiple_of_eight_bytes() -> None:
    for length in range(1, 9):
        out = io.BytesIO()
        write_safetensors(out, [tensor("x" * length, (1,), b"\0\0")])
        (header,) = struct.unpack("<Q", out.getvalue()[:8])
        assert header % 8 == 0
        assert json.loads(out.getvalue()[8 : 8 + header])["__metadata__"] == {"format": "pt"}


def test_bytes_do_not_depend_on_the_order_given() -> None:
    files = []
    for names in ("ab", "ba"):
        out = io.BytesIO()
        write_safetensors(out, [tensor(name, (1,), name.encode() * 2) for name in names])
        files.append(out.getvalue())
    assert files[0] == files[1]


def test_data_of_another_size_than_the_shape_says_is_refused() -> None:
    with pytest.raises(ValueError, match="`a` has 2 bytes instead of 4"):
        write_safetensors(io.BytesIO(), [tensor("a", (2,), b"\0\0")])


def test_two_tensors_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tensors are named `a`"):
        write_safetensors(io.BytesIO(), [tensor("a", (1,), b"\0\0")] * 2)
