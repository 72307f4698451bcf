import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from vllm_server.arguments import read_settings
from vllm_server.context import check_context
from vllm_server.errors import StartError

SMALL = {
    "max_position_embeddings": 8192,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 64,
}
"""A model of 23040 bytes a token: 180 MiB for all that it can do."""

QWEN = {
    "max_position_embeddings": 32768,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "hidden_size": 4096,
    "sliding_window": 32768,
    "use_sliding_window": False,
}
"""A model of half a MiB a token."""


def check(model: Path, config: Mapping[str, object], **environ: str) -> None:
    (model / "config.json").write_text(json.dumps(config))
    check_context(read_settings([], {"MODEL_DIR": str(model), **environ}))


def test_what_fits_passes(model: Path) -> None:
    check(model, SMALL, MAX_MODEL_LEN="8192", KV_CACHE_MEMORY="256M")
    check(model, SMALL, KV_CACHE_MEMORY="180M")
    check(model, QWEN, MAX_MODEL_LEN="8192", KV_CACHE_MEMORY="4G")


def test_more_tokens_than_the_model_can_do_are_refused(model: Path) -> None:
    with pytest.raises(StartError, match="MAX_MODEL_LEN is 8193(.|\n)*to 8192 or less"):
        check(model, SMALL, MAX_MODEL_LEN="8193")


def test_too_little_memory_is_told_with_what_would_do(model: Path) -> None:
    with pytest.raises(
        StartError, match="4096 MiB(.|\n)*is 256 MiB(.|\n)*KV_CACHE_MEMORY to 4096M"
    ):
        check(model, QWEN, MAX_MODEL_LEN="8192")
    with pytest.raises(StartError, match="KV_CACHE_MEMORY to 180M"):
        check(model, SMALL, KV_CACHE_MEMORY="179M")
    with pytest.raises(StartError, match="KV_CACHE_MEMORY to 360M"):
        check(model, SMALL, DTYPE="float32")


def test_on_a_gpu_vllm_takes_what_there_is(model: Path) -> None:
    check(model, QWEN, DEVICE="cuda", MAX_MODEL_LEN="32768")


def test_models_of_other_kinds_are_left_to_vllm(model: Path) -> None:
    check(model, {**QWEN, "rope_scaling": {"factor": 4}}, MAX_MODEL_LEN="131072")
    check(model, {**SMALL, "sliding_window": 1024}, KV_CACHE_MEMORY="1M")
    check(model, SMALL, EXTRA_ARGS="--kv-cache-dtype fp8", KV_CACHE_MEMORY="90M")
    check(model, {"model_type": "other"}, MAX_MODEL_LEN="131072")
    check(model, {"max_position_embeddings": 2048}, KV_CACHE_MEMORY="1M")


def test_a_damaged_configuration_is_named(model: Path) -> None:
    (model / "config.json").write_text("{")
    with pytest.raises(StartError, match=r"config\.json` holds no JSON object"):
        check_context(read_settings([], {"MODEL_DIR": str(model)}))
