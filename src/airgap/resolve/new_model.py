"""Adds a model to the repository: the command ``lock model``.

A target's folder, ``models/<name>``, gets what it lacks of BUILD, model.toml and model.lock.
"""

import os
import re
from pathlib import Path

from airgap.errors import AirgapError
from airgap.fetch.named_copy import how_to_name
from airgap.fetch.progress import human
from airgap.locks.model import ModelLock, render
from airgap.locks.model_origin import MODEL_ID, HubOrigin
from airgap.models.hub import Hub
from airgap.models.license import UNKNOWN, license_of
from airgap.resolve.folder import folder_lock
from airgap.resolve.hub import hub_lock
from airgap.resolve.model_input import ModelInput, parse_input
from airgap.resolve.output import read_text, write_lock

_DOING = "adding the model"
_CARD = "README.md"


def lock_new_model(root: Path, what: str, revision: str | None) -> None:
    """Lock a model of the hub, or one in a folder, and print what was made.

    Args:
        root: The repository.
        what: A model's id on the hub, or the path of a folder.
        revision: Branch, tag or commit on the hub; None for what `model.toml` says, or master.

    Raises:
        UnavailableError: The hub cannot be reached, or is out of order.
        AirgapError: There is no such model, it has no usable weights, or its name is taken.
    """
    folder = Path(os.path.abspath(os.path.expanduser(what)))
    if folder.is_dir():
        if revision is not None:
            raise AirgapError(_DOING, what, found="--revision, which a folder does not have")
        _add_folder(root, folder)
    elif MODEL_ID.fullmatch(what):
        _add_from_hub(root, what, revision)
    else:
        raise AirgapError(
            _DOING,
            what,
            expected="an id as `qwen/Qwen1.5-7B-Chat`, or a folder",
            found="neither",
            remedy="write the id as the model's page does, or the folder's path",
        )


def _add_folder(root: Path, folder: Path) -> None:
    name = _name(folder.name)
    given = _existing(root, name)
    if given is None:
        card = folder / _CARD
        license = license_of(card.read_text("utf-8", "replace") if card.is_file() else "")
        given = ModelInput(name, license)
    elif given.modelscope or given.wheel:
        raise _taken(name, "a folder", given)
    lock = folder_lock(name, given.license, folder)
    _write(root, given, lock)
    how = how_to_name("models", lock.name, lock.variable, str(folder))
    print(f"  where it is, this machine has to be told: {how}")


def _add_from_hub(root: Path, model_id: str, revision: str | None) -> None:
    name = _name_in_use(root, model_id) or _name(model_id.partition("/")[2])
    given = _existing(root, name)
    wanted = revision or (given.revision if given else "master")
    if given is None:
        card = Hub(os.environ).read(model_id, wanted, _CARD)
        given = ModelInput(name, license_of(card), modelscope=model_id, revision=wanted)
    elif given.modelscope != model_id:
        raise _taken(name, model_id, given)
    lock = hub_lock(name, given.license, model_id, wanted, os.environ)
    _write(root, given, lock)


def _write(root: Path, given: ModelInput, lock: ModelLock) -> None:
    folder = root / "models" / given.name
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if not (folder / "BUILD").exists():
        write_lock(folder / "BUILD", "model()\n")
        made.append("BUILD")
    toml = folder / "model.toml"
    before = toml.read_text() if toml.exists() else None
    after = _input(given) if before is None else _with_revision(before, lock)
    if after != before:
        write_lock(toml, after)
        made.append("model.toml")
    write_lock(folder / "model.lock", render(lock))
    made.append("model.lock")
    print(f"wrote {', '.join(made)} in models/{given.name}")
    at = f", commit {lock.origin.commit}" if isinstance(lock.origin, HubOrigin) else ""
    print(f"  {len(lock.files)} files, {human(lock.size)}{at}, licence {lock.license}")
    if lock.license == UNKNOWN:
        print("  the model does not say its licence: look for it, and correct model.toml")
    print(f'  commit the folder, and name "models/{given.name}" in the `models` of a bundle')


def _input(given: ModelInput) -> str:
    lines = [f'name = "{given.name}"', f'license = "{given.license}"']
    if given.modelscope:
        lines += [f'modelscope = "{given.modelscope}"', f'revision = "{given.revision}"']
    else:
        lines += ["folder = true"]
    return "\n".join(lines) + "\n"


def _with_revision(text: str, lock: ModelLock) -> str:
    if not isinstance(lock.origin, HubOrigin):
        return text
    line = f'revision = "{lock.origin.revision}"'
    if re.search(r"(?m)^revision\s*=", text):
        return re.sub(r"(?m)^revision\s*=.*$", line, text)
    return text if lock.origin.revision == "master" else f"{text.rstrip()}\n{line}\n"


def _existing(root: Path, name: str) -> ModelInput | None:
    path = root / "models" / name / "model.toml"
    return parse_input(read_text(path), str(path.relative_to(root))) if path.exists() else None


def _name_in_use(root: Path, model_id: str) -> str | None:
    """The name by which the repository has this model already."""
    for path in sorted((root / "models").glob("*/model.toml")):
        if parse_input(read_text(path), str(path.relative_to(root))).modelscope == model_id:
            return path.parent.name
    return None


def _name(given: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", given.lower()).strip("_") or "model"


def _taken(name: str, what: str, given: ModelInput) -> AirgapError:
    return AirgapError(
        _DOING,
        name,
        expected=f"{what} in models/{name}/model.toml",
        found=given.modelscope or given.wheel or "folder = true",
        remedy="rename that folder of models/ with its target, or the folder that is added",
    )
