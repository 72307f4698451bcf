"""Plans the layers of an image and makes them.

One layer for the base, one for each large wheel (shared by the stacks that have the same), one for
the small rest of each stack, one for each source of others, one for the apps: an upgrade ships what
changed, a changed line of an app a few kilobytes.
"""

import dataclasses
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airgap.errors import AirgapError
from airgap.image.app_layer import write_app_layer
from airgap.image.bytecode import Compiler, compiler
from airgap.image.deb_layer import ENVIRONMENT, UID, write_deb_layer
from airgap.image.interpreter import needed
from airgap.image.oci import MOST_LAYERS, Image, Layer, Run, assemble
from airgap.image.prefix import Prefix
from airgap.image.tar import LayerTar
from airgap.image.wheel_layer import write_wheel_layer
from airgap.store import Blob, Recipe, Store

VERSION = 6
"""Raised whenever any layer's bytes come out other than before from the same inputs."""

LARGE = 16 << 20
"""Bytes of a wheel from which on it gets a layer of its own."""

_AT_ONCE = 2


@dataclass(frozen=True)
class Stack:
    """The wheels of one lock, by file name; they go to ``/opt/<name>``."""

    name: str
    wheels: Mapping[str, Blob]

    @property
    def prefix(self) -> Prefix:
        return Prefix(f"opt/{self.name}")


@dataclass(frozen=True)
class ImageSpec:
    """All that an image depends on.

    Attributes:
        repository: The image's name without a tag: ``localhost/airgap/demo``.
        debs: The Debian lock's packages, by name.
        stacks: Their locks.
        sources: What others wrote, taken along as it is: folder under ``/opt/app`` -> its files.
        app: Source files, by their path under ``/opt/app``.
        run: The defaults of a container; its environment goes before the base's own.
    """

    repository: str
    debs: Mapping[str, Blob]
    stacks: Sequence[Stack]
    app: Mapping[str, Blob]
    sources: Mapping[str, Mapping[str, Blob]] = field(default_factory=dict)
    run: Run = field(default_factory=Run)


@dataclass(frozen=True)
class LayerSpec:
    """A layer that can be made from this and the store alone.

    Attributes:
        description: For people: progress, and the image's history.
        recipe: Its inputs name every blob; its one output is called ``layer``.
        size: Of all inputs, in bytes: a measure of the work.
    """

    description: str
    recipe: Recipe
    size: int


def plan_layers(spec: ImageSpec) -> list[LayerSpec]:
    """The image's layers, from the lowest: those that change least come first.

    Raises:
        AirgapError: The Debian lock lacks the Python that the wheels are for.
    """
    python = _names(needed(spec.debs))
    users: dict[tuple[int, str, Blob], list[Stack]] = {}
    for stack in sorted(spec.stacks, key=lambda stack: stack.name):
        for filename, blob in stack.wheels.items():
            if blob.size > LARGE:
                users.setdefault((-blob.size, filename, blob), []).append(stack)
    room = MOST_LAYERS - 2 - len(spec.stacks) - len(spec.sources)
    large = sorted(users.items(), key=lambda item: item[0])[:room]
    layers = [_layer("base", f"{len(spec.debs)} packages of Debian", spec.debs, [], python)]
    for (_, filename, blob), stacks in large:
        layers.append(_wheel_layer(stacks, {filename: blob}, python))
    for stack in spec.stacks:
        alone = {filename for (_, filename, _), stacks in large if stack in stacks}
        rest = {name: blob for name, blob in stack.wheels.items() if name not in alone}
        if rest:
            layers.append(_wheel_layer([stack], rest, python))
    for folder, source in sorted(spec.sources.items()):
        files = {f"{folder}/{path}": blob for path, blob in source.items()}
        layers.append(_layer("source", f"{len(files)} files of {folder}", files, [], python))
    what = f"{len(spec.app)} files of the apps"
    return [*layers, _layer("app", what, spec.app, spec.stacks, python)]


def make_layer(store: Store, layer: LayerSpec) -> Blob:
    """Make a layer, or find it in the store.

    Writes the layer's bytes once. Two processes that want the same layer make it once.

    Raises:
        AirgapError: An input is damaged, hostile or not in the store.
    """
    recipe = layer.recipe
    with store.lock(f"recipe-{recipe.key}"):
        if result := store.result(recipe):
            return result["layer"]
        files = {name: _present(store, blob) for name, blob in _blobs(recipe, "files").items()}
        with (
            compiler(store, _blobs(recipe, "python")) as python,
            store.writer(doing="writing the layer", subject=layer.description) as out,
        ):
            tar = LayerTar(out)
            _write(recipe, files, tar, python)
            tar.close()
        store.record(recipe, {"layer": out.blob})
        return out.blob


def build_image(store: Store, spec: ImageSpec) -> Image:
    """Make the layers that are missing, two at a time, and put the image together.

    Raises:
        AirgapError: See `make_layer`; layers that were finished by then are kept.
    """
    plan = plan_layers(spec)
    missing = [layer for layer in plan if store.result(layer.recipe) is None]
    if len(missing) > 1:
        # `spawn`, because a fork of a process with threads may hang.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(_AT_ONCE, spawn) as processes:
            # The largest first, so that none is left to run alone at the end.
            missing.sort(key=lambda layer: -layer.size)
            for done in [processes.submit(make_layer, store, layer) for layer in missing]:
                done.result()
    layers = [Layer(make_layer(store, layer), layer.description) for layer in plan]
    run = dataclasses.replace(spec.run, environment={**ENVIRONMENT, **spec.run.environment})
    return assemble(store, spec.repository, layers, run, user=f"{UID}:{UID}")


def _write(recipe: Recipe, files: Mapping[str, Path], tar: LayerTar, python: Compiler) -> None:
    prefixes = [Prefix(path) for path in recipe.inputs["prefixes"]]
    if recipe.name == "base-layer":
        write_deb_layer(tar, files, python)
    elif recipe.name == "wheel-layer":
        write_wheel_layer(tar, list(files.items()), prefixes, python)
    else:
        write_app_layer(tar, files, prefixes, python)


def _wheel_layer(stacks: Sequence[Stack], wheels: Mapping[str, Blob], python: Any) -> LayerSpec:
    what = f"{len(wheels)} wheels"
    if len(wheels) == 1:
        what = " ".join(next(iter(wheels)).split("-")[:2])
    names = " and ".join(stack.name for stack in stacks)
    return _layer("wheel", f"{names}: {what}", wheels, stacks, python)


def _layer(
    kind: str, what: str, files: Mapping[str, Blob], stacks: Sequence[Stack], python: Any
) -> LayerSpec:
    prefixes = sorted(stack.prefix.path for stack in stacks)
    inputs = {"files": _names(files), "prefixes": prefixes, "python": python}
    recipe = Recipe(f"{kind}-layer", VERSION, inputs)
    return LayerSpec(what, recipe, sum(blob.size for blob in files.values()))


def _names(blobs: Mapping[str, Blob]) -> dict[str, list[Any]]:
    return {name: [blob.sha256, blob.size] for name, blob in sorted(blobs.items())}


def _blobs(recipe: Recipe, kind: str) -> dict[str, Blob]:
    return {name: Blob(*value) for name, value in sorted(recipe.inputs[kind].items())}


def _present(store: Store, blob: Blob) -> Path:
    if not store.has(blob):
        raise AirgapError(
            "making a layer",
            blob.sha256,
            found="no such blob in the store",
            remedy="fetch the inputs first; the store may have been cleaned in between",
        )
    return store.path(blob)
