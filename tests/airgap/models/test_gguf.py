import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from gguf import GGMLQuantizationType, GGUFValueType
from gguf.quants import dequantize

from airgap.errors import AirgapError
from airgap.models.gguf import convert
from airgap.store import Store
from tests.airgap.models.conftest import HEADS, KV_HEADS, LAYERS, VOCABULARY, WIDTH, q4_1, tensors

WriteGguf = Callable[..., Path]

GOLDEN = "a5721e7f06dc5fa68727c0d585e2ef73cf4f346a845eecb7ed8161d245fb5303"
"""The sha256 of the small model's weights: the same with every processor and version of numpy."""


def weights(store: Store, file: Path) -> dict[str, numpy.ndarray]:
    """The tensors of the converted model as float32."""
    data = store.path(convert(file, store)["model.safetensors"]).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    del header["__metadata__"]
    found = {}
    for name, entry in header.items():
        assert entry["dtype"] == "BF16"
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        halves = numpy.frombuffer(data[start:end], "<u2").astype("<u4") << 16
        found[name] = halves.view("<f4").reshape(entry["shape"])
    return found


def content(store: Store, file: Path, name: str) -> dict[str, object]:
    value = json.loads(store.path(convert(file, store)[name]).read_bytes())
    assert isinstance(value, dict)
    return value


def test_the_model_is_whole_and_named_as_transformers_does(
    store: Store, write_gguf: WriteGguf
) -> None:
    found = weights(store, write_gguf())
    assert len(found) == len(tensors()) + 2 * LAYERS + 1
    assert found["model.embed_tokens.weight"].shape == (len(VOCABULARY), WIDTH)
    assert found["model.layers.1.mlp.down_proj.weight"].shape == (WIDTH, 2 * WIDTH)
    assert set(found["model.norm.weight"]) == {numpy.float32(1.0)}


def test_numbers_are_the_dequantised_ones_rounded_to_the_nearest_bfloat16(
    store: Store, write_gguf: WriteGguf
) -> None:
    name = "blk.0.attn_v.weight"
    shape = tensors()[name]
    exact = dequantize(q4_1(*shape, list(tensors()).index(name)), GGMLQuantizationType.Q4_1)
    found = weights(store, write_gguf())["model.layers.0.self_attn.v_proj.weight"]
    # A bfloat16 has eight significant bits.
    step = 2.0 ** (numpy.floor(numpy.log2(numpy.abs(exact))) - 7)
    assert (numpy.abs(found - exact) <= step / 2).all()
    assert not numpy.array_equal(found, exact)


@pytest.mark.parametrize(
    ("gguf", "name", "heads"),
    [
        ("blk.1.attn_q.weight", "model.layers.1.self_attn.q_proj.weight", HEADS),
        ("blk.1.attn_k.weight", "model.layers.1.self_attn.k_proj.weight", KV_HEADS),
    ],
)
def test_the_two_halves_of_each_head_are_put_one_after_the_other(
    store: Store, write_gguf: WriteGguf, gguf: str, name: str, heads: int
) -> None:
    shape = tensors()[gguf]
    interleaved = dequantize(q4_1(*shape, list(tensors()).index(gguf)), GGMLQuantizationType.Q4_1)
    found = weights(store, write_gguf())[name]
    size = shape[0] // heads
    for head in range(heads):
        for pair in range(size // 2):
            for half in range(2):
                mine = found[head * size + half * size // 2 + pair]
                theirs = interleaved[head * size + 2 * pair + half]
                assert numpy.allclose(mine, theirs, rtol=2**-8)


def test_bytes_are_the_same_everywhere(store: Store, write_gguf: WriteGguf) -> None:
    assert convert(write_gguf(), store)["model.safetensors"].sha256 == GOLDEN


def test_the_configuration_says_what_the_file_says(store: Store, write_gguf: WriteGguf) -> None:
    config = content(store, write_gguf(), "config.json")
    expected = {
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "vocab_size": len(VOCABULARY),
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
    }
    assert {key: config[key] for key in expected} == expected
    assert content(store, write_gguf(), "generation_config.json")["eos_token_id"] == 2


def test_an_output_matrix_of_its_own_is_taken(store: Store, write_gguf: WriteGguf) -> None:
    file = write_gguf(extra={"output.weight": (len(VOCABULARY), WIDTH)})
    assert "lm_head.weight" in weights(store, file)
    assert content(store, file, "config.json")["tie_word_embeddings"] is False


def test_the_tokenizer_splits_digits_and_keeps_its_special_tokens(
    store: Store, write_gguf: WriteGguf
) -> None:
    tokenizer = content(store, write_gguf(), "tokenizer.json")
    assert tokenizer["model"]["vocab"]["ab"] == 5  # type: ignore[index]
    assert tokenizer["model"]["merges"] == ["a b"]  # type: ignore[index]
    kinds = [step["type"] for step in tokenizer["pre_tokenizer"]["pretokenizers"]]  # type: ignore[index]
    assert kinds == ["Digits", "ByteLevel"]
    added = {token["content"]: token["special"] for token in tokenizer["added_tokens"]}  # type: ignore[attr-defined]
    assert added == dict.fromkeys(VOCABULARY[:3], True)


def test_the_chat_template_and_the_end_of_an_answer_are_kept(
    store: Store, write_gguf: WriteGguf
) -> None:
    config = content(store, write_gguf(), "tokenizer_config.json")
    assert config["chat_template"] == "{{ messages[0]['content'] }}"
    assert (config["bos_token"], config["eos_token"]) == ("<|im_start|>", "<|im_end|>")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"arch": "qwen2"}, "found:    qwen2"),
        ({"keys": {"llama.rope.scaling.type": "yarn"}}, "`llama.rope.scaling.type`"),
        ({"keys": {"tokenizer.ggml.pre": "qwen2"}}, "the model `gpt2` with `qwen2`"),
        ({"keys": {"tokenizer.ggml.eos_token_id": None}}, "`tokenizer.ggml.eos_token_id`"),
        ({"keys": {"llama.block_count": 3}}, "model.layers.2.mlp.down_proj.weight"),
        ({"keys": {"llama.block_count": 2**32 - 1}}, "the tensors of 4294967295 layers"),
        ({"keys": {"llama.attention.head_count": 0}}, "llama.attention.head_count"),
        ({"keys": {"llama.attention.head_count": 5}}, "llama.attention.head_count"),
        ({"keys": {"llama.attention.head_count_kv": 2**31}}, "llama.attention.head_count_kv"),
        ({"extra": {"rope_freqs.weight": (1, 32)}}, "a tensor named `rope_freqs.weight`"),
        ({"keys": {"tokenizer.ggml.padding_token_id": 8}}, "padding token among its 8 tokens"),
    ],
)
def test_a_file_that_is_not_understood_wholly_is_refused(
    store: Store, write_gguf: WriteGguf, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(AirgapError) as caught:
        convert(write_gguf(**changes), store)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("keep", [0, 3, 100, 2000, 0.9])
def test_a_file_that_was_cut_short_is_refused(
    store: Store, write_gguf: WriteGguf, keep: float
) -> None:
    file = write_gguf()
    data = file.read_bytes()
    file.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(AirgapError, match="damaged"):
        convert(file, store)


def test_a_text_that_is_no_utf_8_is_refused(store: Store, write_gguf: WriteGguf) -> None:
    file = write_gguf()
    file.write_bytes(file.read_bytes().replace(b"smollm", b"smoll\xb2"))
    with pytest.raises(AirgapError, match="damaged"):
        convert(file, store)


@pytest.mark.parametrize("length", [2**62, 2**64 - 1])
@pytest.mark.parametrize("kind", [GGUFValueType.UINT8, GGUFValueType.STRING, GGUFValueType.ARRAY])
def test_a_list_that_is_longer_than_the_file_is_refused(
    store: Store, tmp_path: Path, length: int, kind: GGUFValueType
) -> None:
    file = tmp_path / "long.gguf"
    file.write_bytes(_header_and_list(struct.pack("<IQ", kind, length)))
    with pytest.raises(AirgapError, match="damaged"):
        convert(file, store)


def test_lists_in_lists_without_end_are_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "deep.gguf"
    file.write_bytes(_header_and_list(struct.pack("<IQ", GGUFValueType.ARRAY, 1) * 5000))
    with pytest.raises(AirgapError, match="damaged"):
        convert(file, store)


def test_a_list_of_more_values_than_memory_can_hold_is_refused(
    store: Store, write_gguf: WriteGguf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airgap.models.gguf._MOST_VALUES", 400)
    assert convert(write_gguf(), store)
    file = write_gguf(keys={"tokenizer.ggml.scores": [0.0] * 400})
    with pytest.raises(AirgapError, match="more than 400 values"):
        convert(file, store)


def _header_and_list(value: bytes) -> bytes:
    """A file with no tensor and one key, which has a list."""
    key = struct.pack("<Q", 1) + b"k" + struct.pack("<I", GGUFValueType.ARRAY)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key + value
