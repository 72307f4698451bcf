"""A model of a few kilobytes with all that a chat model's files have, but sense."""

import json
import random
import struct

QWEN = "qwen/Qwen1.5-7B-Chat"


def weights(size: int, seed: int = 0) -> bytes:
    """A safetensors file with one tensor of so many random bytes."""
    tensor = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "tensor": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + random.Random(seed).randbytes(size)


def small_model(seed: int = 0) -> dict[str, bytes]:
    """The model's files by their paths."""
    return {
        "LICENSE": b"A licence.",
        "README.md": b"---\nlicense: other\nlicense_name: tongyi-qianwen\n---\n# A model\n",
        "config.json": b'{"model_type": "qwen2"}',
        "model.safetensors": weights(3000, seed),
        "tokenizer.json": b"{}",
    }
