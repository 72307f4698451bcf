"""Blobs of a few bytes."""

from airgap.store import Blob, Store


def put(store: Store, data: bytes) -> Blob:
    """Put ``data`` into the store."""
    with store.writer() as out:
        out.write(data)
    return out.blob
