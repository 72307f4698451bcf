"""Files of models that others made: settings, weights, packages and vLLM's list of models."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.facts.fatbin import machine_code
from airgap.facts.model import check_architecture, model_facts
from airgap.facts.stack import StackFacts, read_facts
from airgap.models.embedding import make_embedding_folder
from airgap.models.gguf import convert
from airgap.models.origin import open_origin
from airgap.resolve.folder import folder_lock
from airgap.store import Blob, Store
from airgap.tree import Entry
from tests.airgap.facts.test_fatbin import MACHINE_CODE, PTX, entry, fat
from tests.airgap.fuzz.mutations import (
    any_or_damaged,
    damaged,
    little_memory,
    read_or_refused,
    tries,
)
from tests.airgap.small_wheels import add_wheel

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "hidden_size": 2048,
    "head_dim": 128,
    "max_position_embeddings": 32768,
}
KNOWN = StackFacts("vllm 1.0", (), frozenset({"LlamaForCausalLM"}))
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
"""What JSON can hold in any place."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("shelf"))


def put(store: Store, data: bytes) -> Blob:
    with store.writer() as out:
        out.write(data)
    return out.blob


def told(store: Store, config: bytes) -> dict[str, str]:
    tree = {"config.json": Entry(put(store, config))}
    check_architecture(store, "small", tree, "vllm", KNOWN)
    return model_facts(store, tree)


@tries(200)
@given(data=st.data())
def test_facts_of_a_model_are_numbers_and_a_name(shelf: Store, data: st.DataObject) -> None:
    changed = data.draw(st.dictionaries(st.sampled_from([*CONFIG, "text_config"]), ANY))
    text = json.dumps({**CONFIG, **changed}).encode()
    if data.draw(st.booleans()):
        text = data.draw(damaged(text))
    for key, value in (read_or_refused(lambda: told(shelf, text)) or {}).items():
        assert value in KNOWN.architectures | {""} if "ARCHI" in key else 0 < int(value) < 10**40


def safetensors(header: bytes, data: bytes = b"123456789") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


HEADER = b'{"t":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}'
INDEX = b'{"weight_map":{"t":"model-1-of-1.safetensors"}}'


@tries(150)
@given(data=st.data(), which=st.integers(0, 2))
def test_a_folder_with_a_model_is_locked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, which: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "model"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    weights, index = safetensors(HEADER), INDEX
    match which:
        case 0:
            weights = data.draw(any_or_damaged(weights))
        case 1:
            weights = safetensors(data.draw(damaged(HEADER)))
        case _:
            index = data.draw(any_or_damaged(index))
    (folder / "model-1-of-1.safetensors").write_bytes(weights)
    (folder / "model.safetensors.index.json").write_bytes(index)
    lock = read_or_refused(lambda: folder_lock("tuned", "MIT", folder))
    if lock is not None:
        length = struct.unpack("<Q", weights[:8])[0]
        ends = [
            tensor["data_offsets"][1]
            for name, tensor in json.loads(weights[8 : 8 + length]).items()
            if name != "__metadata__"
        ]
        assert len(weights) == 8 + length + max(ends, default=0)


SETTINGS = {
    "m/modules.json": '[{"type":"x.Pooling","path":"1_P"},{"type":"x.Normalize","path":"2"}]',
    "m/1_P/config.json": '{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}',
    "m/sentence_bert_config.json": '{"max_seq_length": 256}',
    "m/config.json": '{"model_type": "bert"}',
    "m/model.safetensors": "w",
    "m/tokenizer.json": "{}",
    "m/tokenizer_config.json": "{}",
    "m-1.dist-info/METADATA": "Name: m\n\nA model.",
}


def package(settings: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in settings.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


@tries(150)
@given(data=st.data(), one=st.sampled_from(list(SETTINGS)), inside=st.booleans())
def test_a_package_with_a_model_is_converted_or_refused(
    shelf: Store,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    one: str,
    inside: bool,
) -> None:
    settings = {name: text.encode() for name, text in SETTINGS.items()}
    if inside:
        settings[one] = data.draw(damaged(settings[one]))
    whole = package(settings)
    file = tmp_path_factory.getbasetemp() / "m.whl"
    file.write_bytes(whole if inside else data.draw(any_or_damaged(whole)))

    def read() -> dict[str, Blob]:
        with open_origin("m.whl", file) as origin:
            return make_embedding_folder(origin, shelf)

    found = read_or_refused(read)
    assert found is None or not any("/" in name for name in found)


REGISTRY = b'_TEXT = {"A": ("a", "A")}\n_VLLM_MODELS = {**_TEXT, "LlamaForCausalLM": ("l", "L")}\n'


def facts_of(store: Store, registry: bytes) -> None:
    files = {"vllm/model_executor/models/registry.py": registry.decode("latin-1")}
    read_facts(store, [add_wheel(store, "vllm", "1.0", files)])


@tries(100)
@given(data=st.data())
def test_a_list_of_models_of_any_kind_is_read_or_refused(shelf: Store, data: st.DataObject) -> None:
    registry = data.draw(damaged(REGISTRY))
    read_or_refused(lambda: facts_of(shelf, registry))


@pytest.mark.parametrize(
    "registry",
    [
        b"_VLLM_MODELS = {**_VLLM_MODELS}",
        b"_VLLM_MODELS = {**_A}\n_A = {**_VLLM_MODELS}",
        b"x = " + b"(" * 9000,
        b"x = " + b"-" * 90_000 + b"1",
        b"\0",
    ],
)
def test_a_list_of_models_without_end_is_refused(shelf: Store, registry: bytes) -> None:
    with pytest.raises(AirgapError):
        facts_of(shelf, registry)


@tries(60)
@given(data=st.data())
def test_a_gguf_file_is_converted_or_refused(
    shelf: Store, gguf: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = gguf.read_bytes()
    # Keys and the table of tensors; what is behind them are numbers of any kind.
    head = data.draw(any_or_damaged(whole[:3500]))
    file = tmp_path_factory.getbasetemp() / "any.gguf"
    file.write_bytes(head + whole[3500:])
    read_or_refused(lambda: convert(file, shelf))


LIBRARY = b"\x7fELF" + fat(entry(MACHINE_CODE, 80), entry(PTX, 90)) + fat(entry(MACHINE_CODE, 86))


@tries(300)
@given(library=any_or_damaged(LIBRARY))
def test_device_code_of_any_kind_is_found_or_passed_over(library: bytes) -> None:
    with little_memory():
        # An entry has 48 bytes; the last one may be cut.
        assert (len(machine_code(io.BytesIO(library))) - 1) * 48 <= len(library)


@pytest.fixture
def gguf(write_gguf: Callable[..., Path]) -> Path:
    return write_gguf()
