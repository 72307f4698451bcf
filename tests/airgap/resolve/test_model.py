import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch.progress import Progress
from airgap.locks.model import parse
from airgap.locks.python import Wheel
from airgap.models.build import build_model
from airgap.resolve.model import lock_model
from airgap.store import Store

AddWheel = Callable[..., Wheel]
WriteGguf = Callable[..., Path]

INPUT = """
name = "small"
license = "Apache-2.0"
wheel = "small-model==1.0"
recipe = "gguf-to-safetensors"
"""


@pytest.fixture
def folder(
    tmp_path: Path,
    store: Store,
    write_gguf: WriteGguf,
    add_wheel: AddWheel,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with a `model.toml`, whose package pip finds."""
    wheel = add_wheel(
        "small-model",
        {
            "small/model.gguf": write_gguf().read_bytes(),
            "small_model-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: small-model\n"
            b"Version: 1.0\nRequires-Dist: what-no-index-has\n\nA model.\n",
            "small_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        },
    )
    links = tmp_path / "links"
    links.mkdir()
    shutil.copy(store.path(wheel.blob), links / wheel.filename)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    (tmp_path / "model.toml").write_text(INPUT)
    return tmp_path


def test_two_runs_give_the_same_lock_and_a_build_from_it_works(folder: Path, store: Store) -> None:
    for name in ("one.lock", "two.lock"):
        lock_model(folder / "model.toml", folder / name)
    text = (folder / "one.lock").read_text()
    assert text == (folder / "two.lock").read_text()
    lock = parse(text, "one.lock")
    assert isinstance(lock.origin, Wheel)
    assert (lock.origin.name, lock.origin.version) == ("small-model", "1.0")
    assert build_model(store, lock, Progress())["README.md"].size == len("A model.\n")


def test_a_package_that_no_index_has_is_named_and_the_old_lock_stays(folder: Path) -> None:
    (folder / "model.toml").write_text(INPUT.replace("1.0", "2.0"))
    (folder / "model.lock").write_text("old")
    with pytest.raises(AirgapError, match="small-model==2.0"):
        lock_model(folder / "model.toml", folder / "model.lock")
    assert (folder / "model.lock").read_text() == "old"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected: text for each of license, name, recipe, wheel"),
        ("name = ", "Invalid value"),
        (INPUT + "colour = 'red'", "colour"),
        (INPUT.replace("==1.0", ">=1.0"), "small-model>=1.0"),
        (INPUT.replace("gguf-to-safetensors", "onnx"), "found:    `onnx`"),
    ],
)
def test_an_input_that_makes_no_sense_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(AirgapError) as caught:
        lock_model(tmp_path / "model.toml", tmp_path / "model.lock")
    assert complaint in str(caught.value)
