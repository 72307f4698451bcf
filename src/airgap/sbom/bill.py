"""All that the files about a bundle depend on, cheap to put together; components are made of it.

Nothing here reads a wheel or a package: what those say of their licences was read before.
"""

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass

from airgap.locks import debian, model, python, source
from airgap.locks.debian import Package
from airgap.locks.model import ModelLock
from airgap.locks.python import Wheel
from airgap.locks.source import SourceLock
from airgap.store import Blob, Recipe

_VERSION = 1
"""Raised whenever the same bill gives other bytes than before."""


@dataclass(frozen=True)
class StackPart:
    """The wheels of one lock, what they say, and where in the bundle they are."""

    wheels: tuple[Wheel, ...]
    notes: Blob
    places: tuple[str, ...]


@dataclass(frozen=True)
class SourcePart:
    """A source of others, its licence's text if it is among the files, and where it is."""

    lock: SourceLock
    license: Blob | None
    places: tuple[str, ...]


@dataclass(frozen=True)
class Bill:
    """What a bundle is made of.

    Attributes:
        bundle: Its name.
        image: The image's name and the digest of its manifest.
        packages: The Debian packages of the image.
        package_notes: What they say.
        own: This repository's own files, by a path that tells where they go.
        own_places: Where those are.
        pexes: Where PEX files are, which have a runtime of their own.
    """

    bundle: str
    image: str
    packages: tuple[Package, ...]
    package_notes: Blob
    stacks: tuple[StackPart, ...]
    sources: tuple[SourcePart, ...]
    models: tuple[ModelLock, ...]
    own: Mapping[str, Blob]
    own_places: tuple[str, ...]
    pexes: tuple[str, ...]

    @property
    def recipe(self) -> Recipe:
        """The step that makes the two files of this."""
        inputs = {
            "bundle": self.bundle,
            "image": self.image,
            "packages": [_sha256(debian.render(self.packages)), self.package_notes.sha256],
            "stacks": [
                [_sha256(python.render(part.wheels)), part.notes.sha256, part.places]
                for part in self.stacks
            ],
            "sources": [
                [
                    _sha256(source.render(part.lock)),
                    part.license and part.license.sha256,
                    part.places,
                ]
                for part in self.sources
            ],
            "models": [_sha256(model.render(lock)) for lock in self.models],
            "own": [listing(self.own), self.own_places],
            "pexes": [importlib.metadata.version("pex"), self.pexes],
            "libraries": versions("cyclonedx-python-lib", "py-serializable", "license-expression"),
        }
        return Recipe("sbom", _VERSION, inputs)


def versions(*libraries: str) -> dict[str, str]:
    """The versions of libraries that have a say in what is written."""
    return {name: importlib.metadata.version(name) for name in libraries}


def listing(files: Mapping[str, Blob]) -> str:
    """The sha256 of the lines ``<sha256>  <path>``, in the order of the paths' bytes.

    The lines are those of sha256sum.
    """
    paths = sorted(files, key=str.encode)
    return _sha256("".join(f"{files[path].sha256}  {path}\n" for path in paths))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
