"""Takes a model's files from a folder, comparing each with the lock while it is copied."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from airgap.errors import AirgapError
from airgap.fetch import missing
from airgap.fetch.progress import Progress
from airgap.locks.model import ModelFile
from airgap.store import Store

_CHUNK = 1 << 20


def take_from_folder(
    store: Store, name: str, folder: Path, files: Iterable[ModelFile], progress: Progress
) -> None:
    """Copy the files that the store lacks into it; reads and writes each byte once.

    Copies, because the folder is the user's, and what is in the store must not change with it.

    Raises:
        AirgapError: A file is missing there, cut short, or another one than the lock names.
    """
    doing = f"taking the model {name} from"
    lacking = missing(store, files)
    progress.expect(len(lacking), sum(file.blob.size for file in lacking))
    for file in lacking:
        path = folder / file.path
        size = path.stat().st_size if path.is_file() else None
        if size != file.blob.size:
            raise AirgapError(
                doing,
                str(path),
                expected=str(file.blob),
                found="no such file" if size is None else _told(size, file.blob.size),
                remedy="copy the file anew, or name a folder with the model as its lock has it",
            )
        with (
            store.writer(file.blob, doing=doing, subject=str(path)) as out,
            open(path, "rb") as source,
        ):
            shutil.copyfileobj(source, out, _CHUNK)
        progress.end(f"{name}/{file.path}", file.blob.size)


def _told(size: int, expected: int) -> str:
    return f"{size} bytes" + (", as if it had been cut short" if size < expected else "")
