"""Turns a GGUF file into the folder that transformers and vLLM load.

Weights become bfloat16, the type that the models of this kind are published in. Every step is exact
or rounds once by rule: a quantised element is a product and a sum of float32 values, each an
operation of its own, and the rounding to bfloat16 (to nearest, ties to even) is done on integers.
So the bytes do not depend on the processor.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy
from gguf import GGMLQuantizationType, GGUFReader, ReaderTensor
from gguf.quants import dequantize, quantize
from numpy.typing import DTypeLike, NDArray

from airgap.errors import AirgapError
from airgap.models import llama
from airgap.models.metadata import Metadata
from airgap.models.safetensors_file import Tensor, write_safetensors
from airgap.models.tokenizer import tokenizer_config, tokenizer_json
from airgap.store import Blob, Store

_MOST_VALUES = 2_000_000
"""Before the weights; a vocabulary of 256,000 words with its merges takes about 1,300,000."""


def convert(file: Path, store: Store) -> dict[str, Blob]:
    """Convert a GGUF file; the result names each file of the model's folder.

    Reads the file once, by mapping it; writes two bytes for each element of the model. Takes the
    memory of the largest tensor as float32, twice.

    Raises:
        AirgapError: The file is no GGUF file, is damaged, or holds a model of another architecture
            than `llama`.
    """
    reader, metadata = _open(file)
    architecture = metadata.get("general.architecture", str)
    if architecture != "llama":
        raise metadata.refuse("the model", expected="the architecture `llama`", found=architecture)
    tensors = _tensors(reader, metadata)
    by_name = {tensor.name: tensor for tensor in tensors}
    tied = "lm_head.weight" not in by_name
    layers = metadata.get("llama.block_count", int)
    # The names of as many layers as a number can hold would fill the memory.
    if layers > len(by_name) or (wrong := llama.expected_names(layers, tied=tied) ^ by_name.keys()):
        raise AirgapError(
            "converting",
            file.name,
            expected=f"the tensors of {layers} layers",
            found=f"{len(by_name)} tensors"
            if layers > len(by_name)
            else "missing or too many: " + ", ".join(sorted(wrong)),
            remedy="the file is damaged; fetch the model again",
        )
    vocabulary = by_name["model.embed_tokens.weight"].shape[0]
    config = llama.config(metadata, vocabulary=vocabulary, tied=tied, dtype="bfloat16")
    outputs = {
        "config.json": _json(config, store),
        "generation_config.json": _json(
            {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}, store
        ),
        "tokenizer.json": _json(tokenizer_json(metadata), store),
        "tokenizer_config.json": _json(tokenizer_config(metadata), store),
    }
    with store.writer(doing="converting", subject=file.name) as out:
        write_safetensors(out, tensors)
    return {**outputs, "model.safetensors": out.blob}


class _Reader(GGUFReader):
    """Believes no length that the file does not have.

    The library goes on with nothing where the file ends, as often as a list is said to be long, and
    keeps some hundred bytes for each value.
    """

    _values = 0

    def _get(
        self,
        offset: int,
        dtype: DTypeLike,
        count: int = 1,
        override_order: Literal["I", "S", "<"] | None = None,
    ) -> NDArray[Any]:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES} values before the weights")
        end = offset + numpy.dtype(dtype).itemsize * int(count)
        if end > self.data.nbytes:
            raise ValueError(f"a value that ends at byte {end} of {self.data.nbytes}")
        return super()._get(offset, dtype, count, override_order)


def _open(file: Path) -> tuple[GGUFReader, Metadata]:
    try:
        reader = _Reader(file)
        values = {key: field.contents() for key, field in reader.fields.items() if field.types}
    # What a damaged file raises depends on where the damage is; the reader has no error of its own.
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise AirgapError(
            "reading the model file",
            file.name,
            expected="a whole GGUF file",
            found=str(error),
            remedy="the file is damaged; fetch the model again",
        ) from error
    return reader, Metadata(file.name, values)


def _tensors(reader: GGUFReader, metadata: Metadata) -> list[Tensor]:
    tensors = []
    for tensor in reader.tensors:
        name = llama.hf_name(tensor.name)
        if name is None:
            raise metadata.refuse(
                "the model",
                expected="the tensors of a LLaMA model",
                found=f"a tensor named `{tensor.name}`",
            )
        # GGUF counts dimensions from the fastest.
        shape = tuple(int(size) for size in reversed(tensor.shape))
        tensors.append(Tensor(name, "BF16", shape, _loader(name, tensor, metadata)))
    return tensors


def _loader(name: str, tensor: ReaderTensor, metadata: Metadata) -> Callable[[], bytes]:
    def load() -> bytes:
        values = dequantize(tensor.data, tensor.tensor_type)
        rows = llama.restore_order(name, values, metadata)
        return quantize(rows, GGMLQuantizationType.BF16).tobytes()

    return load


def _json(value: Any, store: Store) -> Blob:
    with store.writer() as out:
        out.write(json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")
    return out.blob
