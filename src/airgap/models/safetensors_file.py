"""Writes the safetensors format, one tensor at a time.

The format is the one of https://github.com/huggingface/safetensors: eight bytes with the header's
length (little endian), the header as JSON, then the tensors' bytes without gaps. The safetensors
library needs all tensors in memory and lets its version choose their order; the bytes of a locked
file must not depend on either.
"""

import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import Protocol

ITEM_BYTES = {"BF16": 2, "F16": 2, "F32": 4}
"""The element types written here, by their names in the format, and their sizes in bytes."""


class Writable(Protocol):
    """Where the bytes go: a file, or a blob on its way into the store."""

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True)
class Tensor:
    """A tensor whose bytes are made when they are needed.

    Attributes:
        name: The name that a model's code knows it by.
        dtype: A key of `ITEM_BYTES`.
        shape: The dimensions, slowest first.
        data: Gives the elements, little endian, in row-major order.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: Callable[[], bytes]

    @property
    def size(self) -> int:
        """The number of bytes that `data` gives."""
        return prod(self.shape) * ITEM_BYTES[self.dtype]


def write_safetensors(out: Writable, tensors: Iterable[Tensor]) -> None:
    """Write the tensors, sorted by name.

    Writes each byte once and holds one tensor in memory at a time.

    Raises:
        ValueError: Two tensors have one name, or one gives another number of bytes than its shape.
    """
    ordered = sorted(tensors, key=lambda tensor: tensor.name)
    # Readers ask for this entry to know that no framework's own layout is meant.
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    position = 0
    for tensor in ordered:
        if tensor.name in header:
            raise ValueError(f"two tensors are named `{tensor.name}`")
        end = position + tensor.size
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    out.write(struct.pack("<Q", len(text)))
    out.write(text)
    for tensor in ordered:
        data = tensor.data()
        if len(data) != tensor.size:
            raise ValueError(f"`{tensor.name}` has {len(data)} bytes instead of {tensor.size}")
        out.write(data)
