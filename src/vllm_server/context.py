"""Whether a conversation of the length asked for fits the model and the memory for it."""

import json
from pathlib import Path
from typing import Any

from vllm_server.arguments import Settings
from vllm_server.errors import StartError

_OTHER_RULES = ("rope_scaling", "rope_parameters", "layer_types", "kv_lora_rank")
"""Keys of models whose length or whose need of memory is not told by the plain keys alone."""


def check_context(settings: Settings) -> None:
    """Compare MAX_MODEL_LEN with the model's own limit and with KV_CACHE_MEMORY.

    vLLM does so too, a minute later and with a traceback. Models that these plain rules do not fit
    are left to it, and so is whoever gives it arguments of their own.

    Raises:
        StartError: It is too long, or `config.json` cannot be read.
    """
    path = settings.model_dir / "config.json"
    config = _read(path)
    limit = config.get("max_position_embeddings")
    if not isinstance(limit, int) or _has_other_rules(config) or settings.extra_args:
        return
    length = settings.max_model_len or limit
    if length > limit:
        raise StartError(
            f"MAX_MODEL_LEN is {length}, and the model can do at most {limit} tokens",
            f"set MAX_MODEL_LEN to {limit} or less",
        )
    needed = length * _bytes_per_token(config, settings.dtype)
    if 0 < settings.kv_cache_bytes < needed:
        raise StartError(
            f"a conversation of {length} tokens needs {needed / 2**20:.0f} MiB of context memory,"
            f" and KV_CACHE_MEMORY is {settings.kv_cache_bytes / 2**20:.0f} MiB",
            f"set KV_CACHE_MEMORY to {-(-needed // 2**20)}M or more, or MAX_MODEL_LEN to less",
        )


def _has_other_rules(config: dict[str, Any]) -> bool:
    windowed = config.get("sliding_window") and config.get("use_sliding_window", True)
    return bool(windowed) or any(config.get(key) for key in _OTHER_RULES)


def _bytes_per_token(config: dict[str, Any], dtype: str) -> int:
    """What each token takes: a key and a value for each layer and each head that has its own."""
    try:
        heads = config["num_attention_heads"]
        size = config.get("head_dim") or config["hidden_size"] // heads
        own = config.get("num_key_value_heads") or heads
        element = 4 if dtype in ("float32", "float") else 2
        return int(2 * config["num_hidden_layers"] * own * size * element)
    except (KeyError, TypeError):
        return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise StartError(
            f"`{path}` holds no JSON object: {error}", "copy the model's folder again"
        ) from error
