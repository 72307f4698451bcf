import json
import os
import struct
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.locks.model_origin import FolderOrigin
from airgap.resolve.folder import folder_lock
from airgap.store import hash_file

PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in two parts, with what a training leaves beside it."""
    index = {"weight_map": {"a": PARTS[0], "b": PARTS[1]}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "checkpoint-10").mkdir()
    (tmp_path / "checkpoint-10" / "model.safetensors").write_bytes(b"half")
    (tmp_path / "optimizer.pt").write_bytes(b"PK\x03\x04")
    for part in PARTS:
        header = json.dumps(
            {"__metadata__": {}, "t": {"dtype": "U8", "shape": [9], "data_offsets": [0, 9]}}
        ).encode()
        (tmp_path / part).write_bytes(struct.pack("<Q", len(header)) + header + b"123456789")
    return tmp_path


def test_the_files_to_serve_are_locked_with_their_hashes(folder: Path) -> None:
    lock = folder_lock("tuned", "MIT", folder)
    assert (lock.name, lock.license, lock.origin) == ("tuned", "MIT", FolderOrigin())
    names = ["config.json", *PARTS, "model.safetensors.index.json"]
    assert {file.path: file.blob for file in lock.files} == {
        name: hash_file(folder / name) for name in names
    }


def test_weights_that_were_cut_short_are_told_by_their_header(folder: Path) -> None:
    os.truncate(folder / PARTS[1], (folder / PARTS[1]).stat().st_size - 3)
    with pytest.raises(AirgapError, match="as if it had been cut short") as raised:
        folder_lock("tuned", "MIT", folder)
    assert raised.value.subject == str(folder / PARTS[1])


@pytest.mark.parametrize("size", [0, 4, 20])
def test_weights_cut_within_their_header_are_refused(folder: Path, size: int) -> None:
    os.truncate(folder / PARTS[0], size)
    with pytest.raises(AirgapError, match=f"found:    {size} bytes without"):
        folder_lock("tuned", "MIT", folder)


def test_a_missing_part_is_named(folder: Path) -> None:
    (folder / PARTS[1]).unlink()
    with pytest.raises(AirgapError, match=PARTS[1]) as raised:
        folder_lock("tuned", "MIT", folder)
    assert raised.value.found == "no such file"


def test_a_part_that_would_stay_behind_is_named(folder: Path) -> None:
    index = {"weight_map": {"a": PARTS[0], "b": "checkpoint-10/model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(AirgapError, match="checkpoint-10/model") as raised:
        folder_lock("tuned", "MIT", folder)
    assert raised.value.found == "one that would not be taken along"


def test_a_pickle_by_another_name_is_refused(folder: Path) -> None:
    (folder / PARTS[0]).write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(AirgapError, match="a pickle"):
        folder_lock("tuned", "MIT", folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AirgapError, match="nothing there"):
        folder_lock("tuned", "MIT", tmp_path / "elsewhere")
