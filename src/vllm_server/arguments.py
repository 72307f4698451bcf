"""What can be set, by environment variable or option, and what vLLM is told for it."""

import argparse
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_server.errors import StartError

_ON = {"cpu": "OnCpu", "cuda": "OnCuda"}
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

_HELP = {
    "MODEL_DIR": "the model's folder: config.json, tokenizer and *.safetensors",
    "MODEL_NAME": "the name that requests give the model (default: the folder's name)",
    "MODEL_ALIASES": "more names that are answered, separated by spaces",
    "DEVICE": "cpu or cuda (default: cpu)",
    "HOST": "the address to listen on (default: 127.0.0.1)",
    "PORT": "the port to listen on (default: 8000)",
    "MAX_MODEL_LEN": "prompt and answer together, in tokens (default: what the model can do)",
    "API_KEY_FILE": "a file with the key that requests must carry (default: no key)",
    "KV_CACHE_MEMORY": "memory for the context of running requests, in bytes or with K, M or G"
    " (default: 256M on a CPU; on a GPU, GPU_MEMORY_UTILIZATION decides)",
    "GENERATION_CONFIG": "JSON in the form of generation_config.json: what holds where a request"
    ' says nothing, as {"temperature": 0, "max_new_tokens": 512}',
    "DTYPE": "the type to compute in: auto, half, bfloat16 or float32 (default: auto)",
    "GPU_MEMORY_UTILIZATION": "the share of the GPU's memory to take (default: vLLM's)",
    "TENSOR_PARALLEL": "how many GPUs share the model (default: 1)",
    "EXTRA_ARGS": "more arguments for vLLM, quoted as in a shell",
}


@dataclass(frozen=True)
class Settings:
    """How to serve one model; see `--help` for what each one means.

    Attributes:
        kv_cache_bytes: 0 where vLLM decides.
        max_model_len: In tokens; 0 where the model decides.
    """

    model_dir: Path
    model_names: tuple[str, ...]
    device: str
    host: str
    port: int
    max_model_len: int
    api_key_file: Path | None
    kv_cache_bytes: int
    generation_config: dict[str, Any]
    dtype: str
    gpu_memory_utilization: float | None
    tensor_parallel: int
    extra_args: tuple[str, ...]


def read_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """The settings from options, and where an option is not given from the environment.

    Raises:
        StartError: One of them is missing or makes no sense.
    """
    parser = argparse.ArgumentParser(
        prog="vllm_server",
        description="Serve one model by the OpenAI API, without any use of a network.",
        epilog="Each option can be given as the environment variable in its line instead.",
        allow_abbrev=False,
    )
    for name, text in _HELP.items():
        option = "--" + name.lower().replace("_", "-")
        parser.add_argument(option, dest=name, metavar=name, help=text.replace("%", "%%"))
    given = vars(parser.parse_args(argv))
    # An empty variable is one that nobody set: compose files cannot leave one out.
    values = {
        name: environ.get(name, "").strip() if given[name] is None else given[name]
        for name in _HELP
    }
    return _settings(values)


def vllm_arguments(settings: Settings, config_dir: Path) -> list[str]:
    """The command line of vLLM's own server.

    Args:
        config_dir: Where `config.json` and `generation_config.json` are to be read from.
    """
    arguments = [
        *("--model", str(settings.model_dir)),
        *("--hf-config-path", str(config_dir)),
        *("--served-model-name", *settings.model_names),
        *("--host", settings.host),
        *("--port", str(settings.port)),
        *("--dtype", settings.dtype),
        # Never falls back to pickled weights, which can run code.
        *("--load-format", "safetensors"),
        # The page with the API's description takes its scripts from the internet.
        "--disable-fastapi-docs",
        *("--middleware", f"vllm_server.busy.Busy{_ON[settings.device]}"),
    ]
    if settings.max_model_len:
        arguments += ["--max-model-len", str(settings.max_model_len)]
    if settings.kv_cache_bytes:
        arguments += ["--kv-cache-memory-bytes", str(settings.kv_cache_bytes)]
    if settings.device == "cpu":
        # Compiling takes minutes on a CPU, and a compiler.
        arguments.append("--enforce-eager")
    else:
        arguments += ["--tensor-parallel-size", str(settings.tensor_parallel)]
        if settings.gpu_memory_utilization is not None:
            arguments += ["--gpu-memory-utilization", str(settings.gpu_memory_utilization)]
    return [*arguments, *settings.extra_args]


def _settings(values: Mapping[str, str]) -> Settings:
    if not values["MODEL_DIR"]:
        raise StartError(
            "no model was named", "set MODEL_DIR (or --model-dir) to the folder of a model"
        )
    device = values["DEVICE"] or "cpu"
    if device not in ("cpu", "cuda"):
        raise _unusable("DEVICE", device, "`cpu` or `cuda`")
    model_dir = Path(values["MODEL_DIR"])
    names = (values["MODEL_NAME"] or model_dir.resolve().name, *values["MODEL_ALIASES"].split())
    try:
        extra_args = shlex.split(values["EXTRA_ARGS"])
    except ValueError as error:
        raise _unusable("EXTRA_ARGS", values["EXTRA_ARGS"], "closed quotes") from error
    return Settings(
        model_dir=model_dir,
        # A name that is given twice would be listed twice.
        model_names=tuple(dict.fromkeys(names)),
        device=device,
        host=values["HOST"] or "127.0.0.1",
        port=_number("PORT", values["PORT"] or "8000", 1, 65535),
        max_model_len=_number("MAX_MODEL_LEN", values["MAX_MODEL_LEN"] or "0", 0, 1 << 31),
        api_key_file=Path(values["API_KEY_FILE"]) if values["API_KEY_FILE"] else None,
        kv_cache_bytes=_bytes(values["KV_CACHE_MEMORY"] or ("256M" if device == "cpu" else "0")),
        generation_config=_generation_config(values["GENERATION_CONFIG"] or "{}"),
        dtype=values["DTYPE"] or "auto",
        gpu_memory_utilization=_share(values["GPU_MEMORY_UTILIZATION"]),
        tensor_parallel=_number("TENSOR_PARALLEL", values["TENSOR_PARALLEL"] or "1", 1, 64),
        extra_args=tuple(extra_args),
    )


def _number(name: str, value: str, least: int, most: int) -> int:
    if not re.fullmatch("[0-9]{1,10}", value) or not least <= int(value) <= most:
        raise _unusable(name, value, f"a whole number from {least} to {most}")
    return int(value)


def _bytes(value: str) -> int:
    match = re.fullmatch("([0-9]{1,15})([KMG]?)", value)
    if match is None:
        raise _unusable("KV_CACHE_MEMORY", value, "a whole number, with K, M or G or without")
    return int(match[1]) * _UNITS[match[2]]


def _share(value: str) -> float | None:
    if not value:
        return None
    if not re.fullmatch(r"(0|1|)(\.[0-9]+)?", value) or not 0 < float(value) <= 1:
        raise _unusable("GPU_MEMORY_UTILIZATION", value, "a share of 1, as 0.9")
    return float(value)


def _generation_config(value: str) -> dict[str, Any]:
    try:
        config = json.loads(value)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise _unusable("GENERATION_CONFIG", value, 'a JSON object, as {"temperature": 0}')
    return config


def _unusable(name: str, value: str, expected: str) -> StartError:
    return StartError(
        f"{name} is `{value}`, which is not {expected}", f"correct {name} and start again"
    )
