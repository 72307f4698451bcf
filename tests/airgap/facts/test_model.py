import json
from typing import Any

import pytest

from airgap.errors import AirgapError
from airgap.facts.model import check_architecture, model_facts
from airgap.facts.stack import StackFacts
from airgap.store import Store
from airgap.tree import Entry, Tree
from tests.airgap.blobs import put

QWEN = {
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_size": 4096,
    "max_position_embeddings": 32768,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 32,
}
KNOWN = StackFacts("vllm 0.19.1", (), frozenset({"Qwen2ForCausalLM", "LlamaForCausalLM"}))


def model(store: Store, config: dict[str, Any], **shards: bytes) -> Tree:
    files = {f"{name}.safetensors": Entry(put(store, data)) for name, data in shards.items()}
    return {"config.json": Entry(put(store, json.dumps(config).encode())), **files}


def test_the_memory_of_qwen1_5_7b_follows_from_its_config(store: Store) -> None:
    files = model(store, QWEN, one=b"12345", two=b"678")
    assert model_facts(store, {**files, "README.md": Entry(put(store, b"card"))}) == {
        "MODEL_ARCHITECTURE": "Qwen2ForCausalLM",
        "MODEL_WEIGHTS": "8",
        "MODEL_KV_PER_TOKEN": "524288",
        "MODEL_MAX_LEN": "32768",
        "MODEL_HEADS": "32",
        "MODEL_KV_HEADS": "32",
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Grouped-query attention: eight heads of keys and values for 64 of queries.
        ({"num_attention_heads": 64, "num_key_value_heads": 8}, 2 * 32 * 8 * 64 * 2),
        ({"num_key_value_heads": 8, "head_dim": 256}, 2 * 32 * 8 * 256 * 2),
        ({"num_key_value_heads": None}, 524288),
        ({"kv_lora_rank": 512, "qk_rope_head_dim": 64}, 32 * 576 * 2),
    ],
)
def test_a_token_of_context_takes_what_the_attention_keeps_of_it(
    store: Store, changes: dict[str, Any], expected: int
) -> None:
    facts = model_facts(store, model(store, {**QWEN, **changes}))
    assert facts["MODEL_KV_PER_TOKEN"] == str(expected)


def test_without_heads_for_keys_of_their_own_there_are_as_many_as_for_queries(
    store: Store,
) -> None:
    facts = model_facts(store, model(store, {**QWEN, "num_key_value_heads": None}))
    assert facts["MODEL_KV_HEADS"] == "32"


def test_a_model_without_attention_tells_no_memory_for_its_context(store: Store) -> None:
    facts = model_facts(store, model(store, {**QWEN, "num_attention_heads": 0}))
    assert "MODEL_KV_PER_TOKEN" not in facts


def test_a_model_that_also_sees_has_its_numbers_in_its_language_part(store: Store) -> None:
    config = {"architectures": ["LlavaModel"], "text_config": QWEN, "vision_config": {}}
    facts = model_facts(store, model(store, config))
    assert facts["MODEL_ARCHITECTURE"] == "LlavaModel"
    assert facts["MODEL_KV_PER_TOKEN"] == "524288"


def test_what_a_model_does_not_tell_is_left_out(store: Store) -> None:
    assert model_facts(store, {}) == {}
    assert model_facts(store, model(store, {"hidden_size": 8})) == {}


def test_a_model_that_the_server_does_not_know_stops_the_build(store: Store) -> None:
    strange = model(store, {**QWEN, "architectures": ["Qwen9ForCausalLM"]})
    with pytest.raises(AirgapError) as caught:
        check_architecture(store, "qwen9", strange, "vllm-cu12", KNOWN)
    said = str(caught.value)
    for word in ("qwen9", "vllm-cu12", "vllm 0.19.1", "Qwen9ForCausalLM", "Qwen2ForCausalLM"):
        assert word in said
    check_architecture(store, "qwen2", model(store, QWEN), "vllm-cu12", KNOWN)


def test_a_config_that_is_no_json_object_is_named(store: Store) -> None:
    with pytest.raises(AirgapError, match=r"config\.json"):
        model_facts(store, {"config.json": Entry(put(store, b"{"))})
