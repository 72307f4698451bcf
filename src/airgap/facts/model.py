"""What a model's ``config.json`` says of the memory that it takes, and whether a stack knows it.

The keys are those that transformers' ``PretrainedConfig`` classes share.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Any

from airgap.errors import AirgapError
from airgap.facts.stack import StackFacts
from airgap.store import Store
from airgap.tree import Tree

CONFIG = "config.json"
_TOO_MANY = 10**9
_BYTES = 2
"""Bytes of a number in the context's cache, in half precision, whatever the weights are kept in."""


def model_facts(store: Store, model: Tree) -> dict[str, str]:
    """The keys ``MODEL_…`` of ``bundle.conf``; those that the model does not tell are left out.

    Reads its ``config.json``, a few KB.
    """
    config = _config(store, model)
    # A model that also sees or hears has the numbers of its language part apart.
    language = config.get("text_config")
    text = language if isinstance(language, dict) else config
    weights = [entry.blob.size for path, entry in model.items() if path.endswith(".safetensors")]
    facts = {
        "MODEL_ARCHITECTURE": next(iter(_architectures(config)), None),
        "MODEL_WEIGHTS": sum(weights) or None,
        "MODEL_KV_PER_TOKEN": _cache_per_token(text),
        "MODEL_MAX_LEN": _number(text, "max_position_embeddings"),
        "MODEL_HEADS": _number(text, "num_attention_heads"),
        "MODEL_KV_HEADS": _number(text, "num_key_value_heads")
        or _number(text, "num_attention_heads"),
    }
    return {key: str(value) for key, value in facts.items() if value is not None}


def check_architecture(store: Store, name: str, model: Tree, stack: str, facts: StackFacts) -> None:
    """Make sure that a stack's server knows the model.

    Raises:
        AirgapError: It does not, and would say so only on the host.
    """
    named = _architectures(_config(store, model))
    if named and not facts.architectures.intersection(named):
        near = [
            close for one in named for close in difflib.get_close_matches(one, facts.architectures)
        ]
        raise AirgapError(
            "making the bundle",
            f"the model {name} with the stack {stack}",
            expected=f"an architecture in its {CONFIG} that {facts.server} knows"
            + (f", such as {', '.join(near)}" if near else ""),
            found=", ".join(named),
            remedy="choose a stack with a newer server, or another model",
        )


def _config(store: Store, model: Tree) -> Mapping[str, Any]:
    if CONFIG not in model:
        return {}
    try:
        config = json.loads(store.path(model[CONFIG].blob).read_bytes())
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise AirgapError(
            "reading the model's", CONFIG, expected="a JSON object", found="something else"
        )
    return config


def _architectures(config: Mapping[str, Any]) -> list[str]:
    named = config.get("architectures")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _number(config: Mapping[str, Any], key: str) -> int | None:
    """What the model tells there, where that is a number of something."""
    value = config.get(key)
    return value if type(value) is int and 0 < value < _TOO_MANY else None


def _cache_per_token(config: Mapping[str, Any]) -> int | None:
    """Bytes that a token of context takes in all layers, as if each attended to all of it."""
    layers, heads = _number(config, "num_hidden_layers"), _number(config, "num_attention_heads")
    if not layers or not heads:
        return None
    if (latent := _number(config, "kv_lora_rank")) is not None:
        # Multi-head latent attention keeps one vector for all heads.
        return layers * (latent + (_number(config, "qk_rope_head_dim") or 0)) * _BYTES
    size = _number(config, "head_dim") or (_number(config, "hidden_size") or 0) // heads
    if not size:
        return None
    keys_and_values = 2 * (_number(config, "num_key_value_heads") or heads)
    return layers * keys_and_values * size * _BYTES
