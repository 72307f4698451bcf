import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy
import pytest
from gguf import GGMLQuantizationType, GGUFWriter

from airgap.locks.python import Wheel
from airgap.store import Store

VOCABULARY = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "ab", "Ġ", "1"]
HEADS, KV_HEADS, WIDTH, INNER, LAYERS = 4, 2, 32, 64, 2


@pytest.fixture
def add_wheel(store: Store) -> Callable[..., Wheel]:
    """Puts a wheel with these files into the store and returns its line of a lock."""

    def add(name: str, files: Mapping[str, bytes]) -> Wheel:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for path, content in files.items():
                archive.writestr(zipfile.ZipInfo(path), content)
        with store.writer() as out:
            out.write(data.getvalue())
        return Wheel(name, "1.0", f"{name.replace('-', '_')}-1.0-py3-none-any.whl", out.blob)

    return add


def tensors() -> dict[str, tuple[int, int]]:
    """The matrices of a LLaMA model as GGUF names them, with rows and columns."""
    size = WIDTH // HEADS
    shapes = {"token_embd.weight": (len(VOCABULARY), WIDTH)}
    for layer in range(LAYERS):
        for name, shape in {
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (size * KV_HEADS, WIDTH),
            "attn_v": (size * KV_HEADS, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_gate": (INNER, WIDTH),
            "ffn_up": (INNER, WIDTH),
            "ffn_down": (WIDTH, INNER),
        }.items():
            shapes[f"blk.{layer}.{name}.weight"] = shape
    return shapes


def q4_1(rows: int, columns: int, seed: int) -> numpy.ndarray:
    """Blocks of Q4_1 with known scales; each is two float16 and 32 numbers of 4 bits."""
    blocks = rows * columns // 32
    scales = numpy.array([[0.01 * (seed + 1), -0.07]] * blocks, "<f2").view("u1")
    numbers = (numpy.arange(blocks * 16, dtype="u8") * 37 + seed) % 256
    return numpy.hstack([scales, numbers.astype("u1").reshape(blocks, 16)]).reshape(rows, -1)


@pytest.fixture
def write_gguf(tmp_path: Path) -> Callable[..., Path]:
    """Writes a whole small LLaMA model; keywords replace or (by None) remove keys and tensors."""

    def write(
        keys: Mapping[str, object] = {},
        extra: Mapping[str, tuple[int, int]] = {},
        arch: str = "llama",
    ) -> Path:
        path = tmp_path / "small.gguf"
        writer = GGUFWriter(path, arch)
        values: dict[str, object] = {
            "llama.block_count": LAYERS,
            "llama.context_length": 128,
            "llama.embedding_length": WIDTH,
            "llama.feed_forward_length": INNER,
            "llama.attention.head_count": HEADS,
            "llama.attention.head_count_kv": KV_HEADS,
            "llama.attention.layer_norm_rms_epsilon": 1e-5,
            "llama.rope.freq_base": 10000.0,
            "llama.rope.dimension_count": WIDTH // HEADS,
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "smollm",
            "tokenizer.ggml.tokens": VOCABULARY,
            "tokenizer.ggml.token_type": [3, 3, 3, 1, 1, 1, 1, 1],
            "tokenizer.ggml.merges": ["a b"],
            "tokenizer.ggml.bos_token_id": 1,
            "tokenizer.ggml.eos_token_id": 2,
            "tokenizer.ggml.unknown_token_id": 0,
            "tokenizer.ggml.padding_token_id": 2,
            "tokenizer.ggml.add_space_prefix": False,
            "tokenizer.chat_template": "{{ messages[0]['content'] }}",
            **keys,
        }
        for key, value in values.items():
            match value:
                case bool():
                    writer.add_bool(key, value)
                case int():
                    writer.add_uint32(key, value)
                case float():
                    writer.add_float32(key, value)
                case str():
                    writer.add_string(key, value)
                case list():
                    writer.add_array(key, value)
        for seed, (name, shape) in enumerate({**tensors(), **extra}.items()):
            writer.add_tensor(name, q4_1(*shape, seed), raw_dtype=GGMLQuantizationType.Q4_1)
        norms = ["output_norm.weight"]
        norms += [f"blk.{n}.{part}_norm.weight" for n in range(LAYERS) for part in ("attn", "ffn")]
        for name in norms:
            writer.add_tensor(name, numpy.full(WIDTH, 1.003, "<f4"))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write
