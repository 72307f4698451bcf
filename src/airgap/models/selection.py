"""Which files of a published model a server needs.

The layouts are those of transformers and sentence-transformers, with ModelScope's own
`configuration.json`: settings, tokenizer and weights at the top, modules of an embedding model in
folders such as `1_Pooling`. Code, checkpoints of training, other formats and examples stay behind.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from airgap.errors import AirgapError
from airgap.models.pickles import PICKLE_SUFFIXES, pickle_refusal

_SETTINGS = (
    *("config.json", "generation_config.json", "configuration.json", "modules.json"),
    *("config_sentence_transformers.json", "sentence_bert_config.json", "quantize_config.json"),
    *("preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json"),
    *("tokenizer*", "*.tiktoken", "vocab.*", "merges.txt", "spiece.model", "sentencepiece*.model"),
    *("special_tokens_map.json", "added_tokens.json", "chat_template.*"),
)
_DOCUMENTS = ("README*.md", "LICEN[CS]E*", "NOTICE*", "COPYING*", "USAGE_POLICY*")
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
_MODULE = re.compile(r"\d+_[A-Za-z]+/(config\.json|model\.safetensors)")


def files_to_serve(subject: str, paths: Iterable[str]) -> list[str]:
    """Those of a model's files that serving needs, its licence and its card; sorted.

    Args:
        subject: The model, for messages.
        paths: All its files, below its folder.

    Raises:
        AirgapError: The weights are pickles alone, or there are none.
    """
    everything = sorted(paths)
    top = [path for path in everything if "/" not in path]
    weights = [path for path in top if _matches(path, _WEIGHTS)]
    # Beside them some publishers have the same weights once more, for their own server.
    weights = [path for path in weights if path.startswith("model")] or weights
    if not any(path.endswith(".safetensors") for path in weights):
        raise _without_weights(subject, everything)
    others = [path for path in top if _matches(path, (*_SETTINGS, *_DOCUMENTS))]
    modules = [path for path in everything if _MODULE.fullmatch(path)]
    chosen = {*weights, *others, *modules}
    return sorted(path for path in chosen if not path.endswith((*PICKLE_SUFFIXES, ".py")))


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _without_weights(subject: str, paths: list[str]) -> AirgapError:
    pickles = [path for path in paths if path.lower().endswith(PICKLE_SUFFIXES)]
    elsewhere = [path for path in paths if path.endswith(".safetensors")]
    if pickles:
        return pickle_refusal(subject, pickles[0], elsewhere)
    return AirgapError(
        "choosing the files of",
        subject,
        expected="weights in the safetensors format (*.safetensors) beside config.json",
        found=", ".join(elsewhere[:5] or paths[:5]) or "no file",
        remedy="name the model or the folder that has them at its top",
    )
