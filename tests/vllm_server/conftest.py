import json
import struct
from pathlib import Path

import pytest


def write_shard(path: Path, size: int = 16) -> None:
    """A file in the safetensors format with one tensor of so many bytes."""
    entry = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    header = json.dumps({"weight": entry, "__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a whole model."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "generation_config.json").write_text('{"eos_token_id": 2, "temperature": 0.7}')
    write_shard(folder / "model.safetensors")
    return folder
