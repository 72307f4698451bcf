"""The content-addressed store of the build machine.

Layout of the store's folder::

    blobs/sha256/<hex>   one immutable file each, mode 0444, mtime `BLOB_MTIME`
    stamps/<hex>         "<size> <mtime ns> <inode>" of the blob when it was last hashed
    recipes/<key>.json   what a recipe gave: output name -> blob
    locks/<name>         flock files
    tmp/<name>/          unfinished work of a live process; swept when that process is gone
    unfinished/<hex>     pieces of a blob, kept by a fetch that was cut for the next one to go on

A blob gets its name only after its bytes are on disk and their hash is known, by a rename inside
one file system, so a kill at any moment leaves the whole blob, or what is under ``tmp`` or
``unfinished``.
"""

from airgap.store.blob import Blob, BlobWriter, hash_file
from airgap.store.disk import disk_errors
from airgap.store.recipe import Recipe
from airgap.store.store import BLOB_MTIME, Store

__all__ = [
    "BLOB_MTIME",
    "Blob",
    "BlobWriter",
    "Recipe",
    "Store",
    "disk_errors",
    "hash_file",
]
