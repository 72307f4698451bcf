"""The architecture `llama`: its configuration and its tensors' names, from GGUF's to transformers'.

The names are those of gguf's `tensor_mapping`; the configuration's keys are those of transformers'
`LlamaConfig`, and all of them are understood since its version 4.40.
"""

import re
from typing import Any

import numpy
from numpy.typing import NDArray

from airgap.models.metadata import Metadata

_KEYS = frozenset(
    {
        "attention.head_count",
        "attention.head_count_kv",
        "attention.layer_norm_rms_epsilon",
        "block_count",
        "context_length",
        "embedding_length",
        "feed_forward_length",
        "rope.dimension_count",
        "rope.freq_base",
        "vocab_size",
    }
)

_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}

_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def hf_name(name: str) -> str | None:
    """The tensor's name in transformers, or None where the architecture has no such tensor."""
    block = re.fullmatch(r"blk\.([0-9]+)\.(\w+)\.weight", name)
    if block is None:
        return _NAMES.get(name)
    part = _BLOCK_NAMES.get(block[2])
    return part and f"model.layers.{block[1]}.{part}.weight"


def expected_names(layers: int, *, tied: bool) -> frozenset[str]:
    """The names in transformers of all tensors that a model with so many layers needs."""
    names = {name for name in _NAMES.values() if not (tied and name == "lm_head.weight")}
    for layer in range(layers):
        names.update(f"model.layers.{layer}.{part}.weight" for part in _BLOCK_NAMES.values())
    return frozenset(names)


def restore_order(name: str, rows: NDArray[Any], metadata: Metadata) -> NDArray[Any]:
    """Undo llama.cpp's reordering of a tensor's rows, if the tensor is one of those reordered.

    llama.cpp rotates neighbouring pairs of a head's elements, transformers rotates the first half
    against the second; so the conversion to GGUF interleaves the two halves of every head in the
    query and key projections.

    Raises:
        AirgapError: There are not as many rows as the file's number of heads asks for.
    """
    if name.endswith(".q_proj.weight"):
        key = "llama.attention.head_count"
    elif name.endswith(".k_proj.weight"):
        key = "llama.attention.head_count_kv"
    else:
        return rows
    heads = metadata.get(key, int)
    if heads < 1 or len(rows) % (2 * heads):
        raise metadata.refuse(
            f"`{name}`", expected=f"pairs of rows for each head of `{key}`", found=f"{heads} heads"
        )
    paired = rows.reshape(heads, len(rows) // heads // 2, 2, -1)
    return paired.swapaxes(1, 2).reshape(rows.shape)


def config(metadata: Metadata, *, vocabulary: int, tied: bool, dtype: str) -> dict[str, Any]:
    """The content of `config.json`.

    Raises:
        AirgapError: The file asks for something of the architecture that is not converted here,
            or lacks a key.
    """
    unknown = metadata.with_prefix("llama.") - _KEYS
    if unknown:
        raise metadata.refuse(
            "the configuration",
            expected="a LLaMA model without extensions",
            found="the keys " + ", ".join(f"`llama.{key}`" for key in sorted(unknown)),
        )
    heads = metadata.get("llama.attention.head_count", int)
    width = metadata.get("llama.embedding_length", int)
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": metadata.get("tokenizer.ggml.bos_token_id", int),
        "eos_token_id": metadata.get("tokenizer.ggml.eos_token_id", int),
        "head_dim": metadata.get("llama.rope.dimension_count", int),
        "hidden_act": "silu",
        "hidden_size": width,
        "initializer_range": 0.02,
        "intermediate_size": metadata.get("llama.feed_forward_length", int),
        "max_position_embeddings": metadata.get("llama.context_length", int),
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": heads,
        "num_hidden_layers": metadata.get("llama.block_count", int),
        "num_key_value_heads": metadata.get("llama.attention.head_count_kv", int),
        "pad_token_id": metadata.get("tokenizer.ggml.padding_token_id", int),
        "rms_norm_eps": _short(metadata.get("llama.attention.layer_norm_rms_epsilon", float)),
        "rope_theta": _short(metadata.get("llama.rope.freq_base", float)),
        "tie_word_embeddings": tied,
        "torch_dtype": dtype,
        "use_cache": True,
        "vocab_size": vocabulary,
    }


def _short(value: float) -> float:
    """The number that was meant: GGUF holds 1e-05 as a float32, which is 9.99999974737875e-06."""
    return float(str(numpy.float32(value)))
