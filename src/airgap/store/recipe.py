"""Steps whose outputs depend on their inputs alone, and what they gave before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airgap.store.blob import Blob
from airgap.store.workplace import Workplace


@dataclass(frozen=True)
class Recipe:
    """A step whose outputs depend on its inputs alone.

    Attributes:
        name: What the step does, for people: ``wheel-layer``.
        version: Raised whenever the same inputs give other bytes than before.
        inputs: Everything that the outputs depend on, as JSON values; files as their sha256.
    """

    name: str
    version: int
    inputs: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The sha256 (hex) of the recipe's canonical JSON."""
        return hashlib.sha256(_canonical(self.value)).hexdigest()

    @property
    def value(self) -> dict[str, Any]:
        """The recipe as JSON."""
        return {"name": self.name, "version": self.version, "inputs": self.inputs}


class Results:
    """The folder ``recipes`` of a store."""

    def __init__(self, folder: Path, workplace: Workplace) -> None:
        self._folder = folder
        self._workplace = workplace

    def read(self, recipe: Recipe) -> dict[str, Blob] | None:
        """What the recipe gave before: output name -> blob, which may be gone since."""
        try:
            text = self._path(recipe).read_text()
        except FileNotFoundError:
            return None
        return {name: Blob(*value) for name, value in json.loads(text)["outputs"].items()}

    def write(self, recipe: Recipe, outputs: Mapping[str, Blob]) -> None:
        """Remember what the recipe gave."""
        value = {
            "recipe": recipe.value,
            "outputs": {name: [blob.sha256, blob.size] for name, blob in outputs.items()},
        }
        self._workplace.write_small(self._path(recipe), _canonical(value))

    def _path(self, recipe: Recipe) -> Path:
        return self._folder / f"{recipe.key}.json"


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
