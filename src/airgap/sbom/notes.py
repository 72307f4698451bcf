"""Keeps in the store what wheels and Debian packages say of their licences.

To read them takes seconds, of Debian packages half a minute, so it is a recipe: one for each lock.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airgap.locks.debian import Package
from airgap.locks.python import Wheel
from airgap.sbom.bill import versions
from airgap.store import Blob, Recipe, Store

# What reads is imported where it is used: a build in which nothing changed only asks.
if TYPE_CHECKING:
    from airgap.sbom.debian import DebianNotes
    from airgap.sbom.license import License
    from airgap.sbom.wheels import WheelNotes

_WHEELS_VERSION = 2
_PACKAGES_VERSION = 1
"""Each raised whenever the same files are read otherwise than before."""
_OUTPUT = "notes"


def find_wheel_notes(store: Store, wheels: Iterable[Wheel]) -> Blob | None:
    """What the wheels say, if it was read before."""
    return _find(store, _wheel_recipe(wheels))


def find_package_notes(store: Store, packages: Iterable[Package]) -> Blob | None:
    """What the packages say, if it was read before."""
    return _find(store, _package_recipe(packages))


def read_wheel_notes(store: Store, wheels: Collection[Wheel]) -> Blob:
    """Read the licences of wheels, which are in the store: some KB of each.

    Raises:
        AirgapError: A wheel is damaged.
    """
    from airgap.sbom.wheels import notes_of_wheel

    def read() -> dict[str, Any]:
        return {
            wheel.filename: _wheel_value(notes_of_wheel(wheel.filename, store.path(wheel.blob)))
            for wheel in wheels
        }

    return _read(store, _wheel_recipe(wheels), read)


def read_package_notes(store: Store, packages: Collection[Package]) -> Blob:
    """Read the copyright files of packages, which are in the store; decompresses each once.

    Raises:
        AirgapError: A package is damaged.
    """
    from airgap.sbom.debian import notes_of_packages

    def read() -> dict[str, Any]:
        notes = notes_of_packages({package: store.path(package.blob) for package in packages})
        return {
            package.name: {**_license_value(note.license), "source": note.source}
            for package, note in notes.items()
        }

    return _read(store, _package_recipe(packages), read)


def wheel_notes(store: Store, blob: Blob) -> "dict[str, WheelNotes]":
    """What was read of each wheel, by its file name."""
    from airgap.sbom.wheels import Bundled, WheelNotes

    return {
        filename: WheelNotes(
            _license(value),
            tuple(
                Bundled(one["name"], one["version"], one["folder"], _license(one))
                for one in value["bundled"]
            ),
        )
        for filename, value in json.loads(store.path(blob).read_text()).items()
    }


def package_notes(store: Store, blob: Blob) -> "dict[str, DebianNotes]":
    """What was read of each package, by its name."""
    from airgap.sbom.debian import DebianNotes

    return {
        name: DebianNotes(_license(value), value["source"])
        for name, value in json.loads(store.path(blob).read_text()).items()
    }


def _wheel_recipe(wheels: Iterable[Wheel]) -> Recipe:
    files = {wheel.filename: wheel.blob.sha256 for wheel in wheels}
    inputs = {"wheels": files, "libraries": versions("license-expression")}
    return Recipe("wheel-licenses", _WHEELS_VERSION, inputs)


def _package_recipe(packages: Iterable[Package]) -> Recipe:
    files = {package.path: package.blob.sha256 for package in packages}
    inputs = {"packages": files, "libraries": versions("license-expression", "python-debian")}
    return Recipe("debian-licenses", _PACKAGES_VERSION, inputs)


def _find(store: Store, recipe: Recipe) -> Blob | None:
    outputs = store.result(recipe)
    return None if outputs is None else outputs[_OUTPUT]


def _read(store: Store, recipe: Recipe, read: Callable[[], Mapping[str, Any]]) -> Blob:
    with store.lock(f"recipe-{recipe.key}"):
        if found := _find(store, recipe):
            return found
        with store.writer(doing="writing", subject="what licences say") as out:
            out.write(json.dumps(read(), sort_keys=True).encode())
        store.record(recipe, {_OUTPUT: out.blob})
    return out.blob


def _wheel_value(notes: "WheelNotes") -> dict[str, Any]:
    bundled = [
        {
            "name": one.name,
            "version": one.version,
            "folder": one.folder,
            **_license_value(one.license),
        }
        for one in notes.bundled
    ]
    return {**_license_value(notes.license), "bundled": bundled}


def _license_value(license: "License") -> dict[str, Any]:
    return {"terms": license.terms, "standing": license.standing}


def _license(value: Mapping[str, Any]) -> "License":
    from airgap.sbom.license import License, Standing

    return License(tuple(value["terms"]), Standing(value["standing"]))
