"""Whether vLLM knows the kind of model at all, told before it fails with a traceback."""

import json
from importlib import import_module

from vllm_server.arguments import Settings
from vllm_server.errors import StartError


def check_architecture(settings: Settings) -> None:
    """Look for the architecture in vLLM, and for the type in transformers, its second choice.

    Imports both, which takes some seconds of those that the server's start takes anyway. Whoever
    gives vLLM arguments of their own is left to it.

    Raises:
        StartError: Neither knows it.
    """
    if settings.extra_args:
        return
    config = json.loads((settings.model_dir / "config.json").read_text("utf-8"))
    named = config.get("architectures") or []
    vllm = import_module("vllm.version")
    known = import_module("vllm.model_executor.models.registry").ModelRegistry.get_supported_archs()
    types = import_module("transformers.models.auto.configuration_auto").CONFIG_MAPPING_NAMES
    if not set(known).intersection(named) and config.get("model_type") not in types:
        raise StartError(
            f"the model in `{settings.model_dir}` is of the architecture"
            f" {', '.join(named) or 'that its config.json does not name'},"
            f" and vLLM {vllm.__version__} does not know it",
            "serve a model of an architecture that it knows, or take a bundle with a newer vLLM",
        )
