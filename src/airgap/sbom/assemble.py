"""From a bundle's specification to its bill."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from airgap.inputs import (
    Spec,
    Workshop,
    model_tree,
    packages_of,
    pex_name,
    source_tree,
    wheels_of,
)
from airgap.locks import debian, model, python, source
from airgap.locks.debian import Package
from airgap.locks.model import ModelLock
from airgap.sbom.bill import Bill, SourcePart, StackPart
from airgap.sbom.notes import find_package_notes, find_wheel_notes
from airgap.steps import Missing, gather, package_notes_step, wheel_notes_step
from airgap.store import Blob

_PROGRAM = "program"
"""Where the files of the program of the intranet host are said to be: at the bundle's top."""


def bill_of(shop: Workshop, spec: Spec) -> Bill:
    """The bill of a bundle, but for its image.

    Raises:
        Missing: Something was not fetched yet, or what it says of its licence not read.
    """
    image, pexes = spec["image"], spec["pexes"]
    stacks = {
        stack["lock"]: stack
        for stack in (
            *image["wheelhouses"],
            *spec["wheelhouses"],
            *(part["wheelhouse"] for part in pexes),
        )
    }
    sources = {part["lock"]: part for owner in (image, *pexes) for part in owner["sources"]}
    packages, stack_parts, source_parts, models = gather(
        partial(_packages, shop, image["debian"]),
        _all(partial(_stack, shop, spec, stack) for stack in stacks.values()),
        _all(partial(_source, shop, spec, part) for part in sources.values()),
        _all(partial(_model, shop, part) for part in spec["models"]),
    )
    own, own_places = _own(shop, spec)
    return Bill(
        bundle=spec["name"],
        image="",
        packages=packages[0],
        package_notes=packages[1],
        stacks=stack_parts,
        sources=source_parts,
        models=models,
        own=own,
        own_places=own_places,
        pexes=tuple(sorted(_place(part) for part in pexes)),
    )


def with_image(bill: Bill, reference: str, manifest: str) -> Bill:
    """The same bill, of a bundle with this image."""
    return dataclasses.replace(bill, image=f"{reference}@{manifest}")


def _all(makers: Iterator[Callable[[], Any]]) -> Callable[[], tuple[Any, ...]]:
    return lambda: tuple(gather(*makers))


def _packages(shop: Workshop, spec: Spec) -> tuple[tuple[Package, ...], Blob]:
    packages = debian.parse(shop.text(spec["lock"]), spec["lock"])
    notes = find_package_notes(shop.store, packages)
    if notes is None:
        raise Missing([package_notes_step(packages_of(shop, spec))])
    return packages, notes


def _stack(shop: Workshop, spec: Spec, stack: Spec) -> StackPart:
    lock = stack["lock"]
    wheels = python.parse(shop.text(lock), lock)
    notes = find_wheel_notes(shop.store, wheels)
    if notes is None:
        raise Missing([wheel_notes_step(stack["name"], wheels_of(shop, stack))])
    places = [f"wheelhouse/{one['name']}" for one in spec["wheelhouses"] if one["lock"] == lock]
    places += [_place(part) for part in spec["pexes"] if part["wheelhouse"]["lock"] == lock]
    if any(one["lock"] == lock for one in spec["image"]["wheelhouses"]):
        places.append("image")
    return StackPart(wheels, notes, tuple(sorted(places)))


def _source(shop: Workshop, spec: Spec, part: Spec) -> SourcePart:
    lock = source.parse(shop.text(part["lock"]), part["lock"])
    license = source_tree(shop, part).get("LICENSE")
    places = [_place(one) for one in spec["pexes"] if _has(one, part)]
    if _has(spec["image"], part):
        places.append("image")
    return SourcePart(lock, license.blob if license else None, tuple(sorted(places)))


def _has(owner: Spec, part: Spec) -> bool:
    return any(one["lock"] == part["lock"] for one in owner["sources"])


def _model(shop: Workshop, part: Spec) -> ModelLock:
    model_tree(shop, part)
    return model.parse(shop.text(part["lock"]), part["lock"])


def _own(shop: Workshop, spec: Spec) -> tuple[dict[str, Blob], tuple[str, ...]]:
    owners = {_PROGRAM: spec["program"], "image": spec["image"]["files"]}
    owners |= {_place(part): part["files"] for part in spec["pexes"]}
    files = {
        f"{place}/{path}": blob
        for place, pairs in owners.items()
        for path, blob in shop.files(pairs).items()
    }
    return files, tuple(sorted(place for place, pairs in owners.items() if pairs))


def _place(spec: Spec) -> str:
    return f"pex/{pex_name(spec)}"
