"""Locks a model of ModelScope's hub: what the hub lists, as far as serving needs it."""

from collections.abc import Mapping

from airgap.errors import AirgapError, UnavailableError
from airgap.locks.model import ModelFile, ModelLock, is_safe_path
from airgap.locks.model_origin import HubOrigin
from airgap.models.hub import Hub
from airgap.models.selection import files_to_serve
from airgap.store import Blob


def hub_lock(
    name: str, license: str, model_id: str, revision: str, environ: Mapping[str, str]
) -> ModelLock:
    """The lock of the model as the revision is now; fetches no file of it.

    Raises:
        UnavailableError: The hub cannot be reached, wants another token, or has no weights that can
            be used.
        AirgapError: It does not know the model or the revision.
    """
    hub = Hub(environ)
    listed = hub.list(model_id, revision)
    by_path = {file.path: file for file in listed.files}
    try:
        paths = files_to_serve(f"{model_id} at {hub.endpoint}", by_path)
    except AirgapError as error:
        # What is published like this is no fault of this machine, nor of other targets.
        said = {"expected": error.expected, "found": error.found, "remedy": error.remedy}
        raise UnavailableError(error.doing, error.subject, **said) from error
    files = []
    for path in paths:
        file = by_path[path]
        try:
            blob = Blob(file.sha256, file.size)
        except ValueError as error:
            raise _unusable(model_id, path, "a sha256", str(error)) from error
        if not is_safe_path(path):
            raise _unusable(model_id, path, "a path below the model's folder", repr(path))
        files.append(ModelFile(path, blob))
    origin = HubOrigin(model_id, revision, listed.commit)
    return ModelLock(name, license, origin, None, tuple(files))


def _unusable(model_id: str, path: str, expected: str, found: str) -> AirgapError:
    return AirgapError(
        "making the lock of",
        f"{model_id}: {path}",
        expected=f"{expected} from the hub",
        found=found,
        remedy="ask the publisher, or lock a folder with the model: airgap lock model FOLDER",
    )
