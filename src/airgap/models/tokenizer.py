"""A byte-level BPE tokenizer, from GGUF's keys to the files of transformers.

`tokenizer.json` is the serialised form of https://github.com/huggingface/tokenizers; its merges are
written as one string each, which every version of that library reads.
"""

from typing import Any

from airgap.models.metadata import Metadata

_BYTE_LEVEL = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}

_PRE_TOKENIZERS: dict[str, dict[str, Any]] = {
    # llama.cpp's `smollm` splits off each digit, then splits as GPT-2 did.
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTE_LEVEL],
    },
}

_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
"""The values of `tokenizer.ggml.token_type` that a byte-level BPE vocabulary has."""


def tokenizer_json(metadata: Metadata) -> dict[str, Any]:
    """The content of `tokenizer.json`.

    Raises:
        AirgapError: The file's tokenizer is of a kind that is not converted here.
    """
    model = metadata.get("tokenizer.ggml.model", str)
    pre = metadata.get("tokenizer.ggml.pre", str)
    if model != "gpt2" or pre not in _PRE_TOKENIZERS:
        raise metadata.refuse(
            "the tokenizer",
            expected=f"the model `gpt2` with one of: {', '.join(_PRE_TOKENIZERS)}",
            found=f"the model `{model}` with `{pre}`",
        )
    tokens = _tokens(metadata)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(metadata, tokens),
        "normalizer": None,
        "pre_tokenizer": _PRE_TOKENIZERS[pre],
        "post_processor": None,
        "decoder": {**_BYTE_LEVEL, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": metadata.get("tokenizer.ggml.merges", list),
        },
    }


def tokenizer_config(metadata: Metadata) -> dict[str, Any]:
    """The content of `tokenizer_config.json`, with the chat template."""
    tokens = _tokens(metadata)

    def token(role: str) -> str:
        number = metadata.get(f"tokenizer.ggml.{role}_token_id", int)
        if not 0 <= number < len(tokens):
            raise metadata.refuse(
                "the tokenizer",
                expected=f"the {role} token among its {len(tokens)} tokens",
                found=f"the number {number}",
            )
        return tokens[number]

    return {
        "add_prefix_space": metadata.get("tokenizer.ggml.add_space_prefix", bool),
        "bos_token": token("bos"),
        "chat_template": metadata.get("tokenizer.chat_template", str),
        "clean_up_tokenization_spaces": False,
        "eos_token": token("eos"),
        "model_max_length": metadata.get("llama.context_length", int),
        "pad_token": token("padding"),
        # Loads `tokenizer.json` as it is; a class named after a model may rebuild it.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": token("unknown"),
    }


def _tokens(metadata: Metadata) -> list[str]:
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens", list)
    if len(set(tokens)) != len(tokens):
        raise metadata.refuse(
            "the tokenizer", expected="each token once", found="a token with two numbers"
        )
    return tokens


def _added_tokens(metadata: Metadata, tokens: list[str]) -> list[dict[str, Any]]:
    types: list[int] = metadata.get("tokenizer.ggml.token_type", list)
    if len(types) != len(tokens) or not {*types} <= {_NORMAL, _CONTROL, _USER_DEFINED}:
        raise metadata.refuse(
            "the tokenizer",
            expected="normal, control and user-defined tokens",
            found=f"the token types {sorted({*types})} for {len(tokens)} tokens",
        )
    return [
        {
            "id": number,
            "content": tokens[number],
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind == _CONTROL,
        }
        for number, kind in enumerate(types)
        if kind != _NORMAL
    ]
