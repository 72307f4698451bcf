"""Fetches the files of a locked model from ModelScope's hub, or a mirror of it."""

from airgap.fetch.progress import Progress
from airgap.fetch.ranges import fetch_ranges
from airgap.fetch.remote import Remote
from airgap.locks.model import ModelLock
from airgap.locks.model_origin import HubOrigin
from airgap.models.hub import Hub
from airgap.store import Store


def fetch_model(
    store: Store, lock: ModelLock, origin: HubOrigin, hub: Hub, progress: Progress
) -> None:
    """Bring into the store those of the model's files that it lacks.

    Raises:
        AirgapError: As `fetch_ranges` does.
    """
    files = (
        Remote(
            f"{lock.name}/{file.path}", file.blob, *hub.request(origin.id, origin.commit, file.path)
        )
        for file in lock.files
    )
    fetch_ranges(store, files, progress)
