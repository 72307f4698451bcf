"""Brings locked files into the store, one module per origin."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from airgap.store import Blob, Store


class Locked(Protocol):
    """Anything that a lock names by size and sha256."""

    @property
    def blob(self) -> Blob: ...


Item = TypeVar("Item", bound=Locked)


def missing(store: Store, items: Iterable[Item]) -> list[Item]:
    """The items that the store lacks, in their order; costs two `stat` calls for each."""
    return [item for item in items if not store.has(item.blob)]
