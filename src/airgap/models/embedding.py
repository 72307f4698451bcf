"""Turns a sentence-transformers model into the folder of ModelScope's sentence-embedding pipeline.

ModelScope needs one file more, `configuration.json`, which says in its words what
sentence-transformers says in `modules.json` and the files that it names.
"""

import json
from typing import Any

from airgap.errors import AirgapError
from airgap.models.origin import Origin
from airgap.store import Blob, Store

_NEEDED = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
_TAKEN_IF_THERE = ("README.md", "special_tokens_map.json", "vocab.txt")

_POOLERS = {"pooling_mode_mean_tokens": "avg", "pooling_mode_cls_token": "cls"}


def make_embedding_folder(origin: Origin, store: Store) -> dict[str, Blob]:
    """The model's files, its licence and card, and `configuration.json`.

    Reads and writes each byte of the model once.

    Raises:
        AirgapError: The package holds no such model, or pools in a way that ModelScope lacks.
    """
    folder = origin.only("/modules.json").removesuffix("modules.json")
    # The model's own card, where there is one, replaces the description of the package around it.
    outputs = origin.documents(store)
    for name in _NEEDED:
        outputs[name] = origin.extract(origin.only(f"{folder}{name}"), store)
    for name in _TAKEN_IF_THERE:
        if folder + name in origin.names:
            outputs[name] = origin.extract(folder + name, store)
    with store.writer() as out:
        out.write(json.dumps(_told(origin, folder), indent=1).encode() + b"\n")
    return {**outputs, "configuration.json": out.blob}


def _told(origin: Origin, folder: str) -> dict[str, Any]:
    try:
        return _configuration(origin, folder)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise AirgapError(
            "converting",
            origin.subject,
            expected="the settings of sentence-transformers, from modules.json on",
            found=f"{type(error).__name__}: {error}",
            remedy="use a package that holds such a model, whole",
        ) from error


def _configuration(origin: Origin, folder: str) -> dict[str, Any]:
    modules = {
        module["type"].rpartition(".")[2]: folder + module["path"]
        for module in _json(origin, folder + "modules.json")
    }
    pooling = _json(origin, modules.get("Pooling", folder) + "/config.json")
    modes = [mode for mode, on in pooling.items() if mode.startswith("pooling_mode_") and on]
    if len(modes) != 1 or modes[0] not in _POOLERS:
        raise AirgapError(
            "converting",
            origin.subject,
            expected="one of the poolings " + ", ".join(_POOLERS),
            found=", ".join(modes) or "none",
            remedy="use an embedding model that pools in one of these ways",
        )
    limits = _json(origin, folder + "sentence_bert_config.json")
    return {
        "framework": "pytorch",
        "task": "sentence-embedding",
        "model": {
            "type": _json(origin, folder + "config.json")["model_type"],
            "emb_pooler_type": _POOLERS[modes[0]],
            "normalize": "Normalize" in modules,
        },
        "pipeline": {"type": "sentence-embedding"},
        "preprocessor": {"type": "sentence-embedding", "max_length": limits["max_seq_length"]},
    }


def _json(origin: Origin, name: str) -> Any:
    return json.loads(origin.read(origin.only(name)))
