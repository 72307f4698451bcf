"""What can be known to fail before vLLM spends a minute to find out, or fails with a traceback."""

import errno
import json
import os
import socket
import struct
from pathlib import Path

from vllm_server.arguments import Settings
from vllm_server.context import check_context
from vllm_server.errors import StartError
from vllm_server.gpus import check_gpus

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

_OVERHEAD = 1 << 30
"""Bytes that vLLM's three processes take before any weights, at the least."""


def check(settings: Settings) -> None:
    """Look at the model, its context, the port, the device and the memory; reads no weights.

    Raises:
        StartError: One of them will not do.
    """
    weights = check_model(settings.model_dir)
    check_context(settings)
    check_port(settings.host, settings.port)
    if settings.device == "cpu":
        check_memory(weights + settings.kv_cache_bytes + _OVERHEAD, Path("/"))
    else:
        check_gpus(settings.tensor_parallel)


def check_model(folder: Path) -> int:
    """Make sure that a folder holds a whole model; returns the size of its weights in bytes."""
    if not folder.is_dir():
        raise StartError(
            f"the model folder `{folder}` is not there",
            "name the folder of a model; in a bundle, run `./airgap verify` to see what is missing",
        )
    if not (folder / "config.json").is_file():
        raise StartError(
            f"`{folder}` holds no model: there is no config.json",
            "name the folder in which config.json and the *.safetensors files are",
        )
    shards = sorted(folder.glob("*.safetensors"))
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if not shards and pickles:
        raise StartError(
            f"the weights in `{folder}` are pickled ({pickles[0]}); loading them can run any code",
            "use the model in the safetensors format, as its publisher offers it or as "
            "save_pretrained(…, safe_serialization=True) writes it",
        )
    missing = _listed_shards(folder) - {path.name for path in shards}
    if missing or not shards:
        raise StartError(
            f"the model in `{folder}` lacks {', '.join(sorted(missing)) or '*.safetensors'}",
            "copy the whole model again; in a bundle, `./airgap verify` names what is missing",
        )
    for shard in shards:
        _check_whole(shard)
    return sum(shard.stat().st_size for shard in shards)


def check_port(host: str, port: int) -> None:
    """Make sure that the port can be had, by having it for a moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"port {port} of {host} is in use by another program",
                "stop that program, or choose another PORT",
            ) from error
        raise StartError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            "set HOST to an address of this machine, and PORT to one above 1023",
        ) from error


def check_memory(needed: int, root: Path) -> None:
    """Make sure that the memory that is surely needed is there; ``root`` is the file system's."""
    available = None
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    limit = _read(root / "sys/fs/cgroup/memory.max").strip()
    if limit.isdigit():
        available = min(int(limit), int(limit) if available is None else available)
    if available is not None and available < needed:
        raise StartError(
            f"the model needs at least {needed / 2**30:.1f} GiB of memory, "
            f"and {available / 2**30:.1f} GiB are free",
            "free memory, raise the container's limit, or lower KV_CACHE_MEMORY",
        )


def read_api_key(file: Path) -> str:
    """The key in a file, without the newline at its end."""
    try:
        key = file.read_text("ascii").strip()
    except OSError as error:
        raise StartError(
            f"cannot read the key file `{file}`: {error.strerror}",
            f"make it readable for user {os.getuid()}, or unset API_KEY_FILE",
        ) from error
    except UnicodeDecodeError:
        key = ""
    if not key.isprintable() or not key or " " in key:
        raise StartError(
            f"the key file `{file}` does not hold one key in plain characters",
            "write one word of letters and digits into it, as `openssl rand -hex 24` makes it",
        )
    return key


def _listed_shards(folder: Path) -> set[str]:
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return set()
    try:
        return set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as error:
        raise _damaged(index) from error


def _check_whole(shard: Path) -> None:
    """Compare a shard's size with what its header says; a copy that was cut short is smaller."""
    try:
        with open(shard, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, 100 << 20)))
        header.pop("__metadata__", None)
        end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(shard) from error
    if shard.stat().st_size != 8 + length + end:
        raise _damaged(shard)


def _damaged(file: Path) -> StartError:
    return StartError(
        f"`{file}` is damaged or was not copied whole",
        "copy the model again; in a bundle, `./airgap verify` names every damaged file",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError:
        return ""
