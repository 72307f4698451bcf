import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch.progress import Progress
from airgap.locks.model import Conversion, ModelFile, ModelLock
from airgap.locks.python import Wheel
from airgap.models.build import CONVERTERS, build_model, run_converter
from airgap.store import Blob, Store

WriteGguf = Callable[..., Path]
AddWheel = Callable[..., Wheel]

RECIPE = "gguf-to-safetensors"


@pytest.fixture
def lock(store: Store, write_gguf: WriteGguf, add_wheel: AddWheel) -> ModelLock:
    """The lock of a small model whose package is in the store, and its files are not."""
    wheel = add_wheel(
        "small",
        {"small/model.gguf": write_gguf().read_bytes(), "small-1.0.dist-info/LICENSE": b"licence"},
    )
    made = run_converter(store, RECIPE, wheel)
    for blob in made.values():
        store.path(blob).unlink()
    files = tuple(sorted(ModelFile(path, blob) for path, blob in made.items()))
    return ModelLock("small", "MIT", wheel, Conversion(RECIPE, CONVERTERS[RECIPE].version), files)


def package(lock: ModelLock) -> Wheel:
    assert isinstance(lock.origin, Wheel)
    return lock.origin


def test_what_comes_out_is_what_the_lock_says_and_is_in_the_store(
    store: Store, lock: ModelLock
) -> None:
    made = build_model(store, lock, Progress())
    assert made == {file.path: file.blob for file in lock.files}
    assert all(map(store.has, made.values()))
    kept = {file.blob.sha256 for file in lock.files} | {package(lock).blob.sha256}
    assert {path.name for path in (store.root / "blobs" / "sha256").iterdir()} == kept
    assert {"LICENSE", "config.json", "model.safetensors", "tokenizer.json"} <= made.keys()


def test_a_second_build_needs_neither_package_nor_conversion(store: Store, lock: ModelLock) -> None:
    build_model(store, lock, Progress())
    store.path(package(lock).blob).unlink()
    assert build_model(store, lock, Progress())


def test_a_lost_file_is_made_again(store: Store, lock: ModelLock) -> None:
    made = build_model(store, lock, Progress())
    store.path(made["model.safetensors"]).unlink()
    assert store.has(build_model(store, lock, Progress())["model.safetensors"])


def with_file(lock: ModelLock, path: str, blob: Blob) -> ModelLock:
    kept = tuple(file for file in lock.files if file.path != path)
    return dataclasses.replace(lock, files=(*kept, ModelFile(path, blob)))


def test_another_hash_in_the_lock_stops_the_build_with_both(store: Store, lock: ModelLock) -> None:
    wrong = with_file(lock, "config.json", Blob("0" * 64, 585))
    with pytest.raises(AirgapError) as caught:
        build_model(store, wrong, Progress())
    right = next(file.blob for file in lock.files if file.path == "config.json")
    assert "small/config.json" in str(caught.value)
    assert "0" * 64 in str(caught.value)
    assert right.sha256 in str(caught.value)


def test_a_file_that_the_package_does_not_give_is_named(store: Store, lock: ModelLock) -> None:
    more = with_file(lock, "merges.txt", Blob("0" * 64, 1))
    with pytest.raises(AirgapError, match=r"small/merges\.txt(.|\n)*found:    no such file"):
        build_model(store, more, Progress())


def test_pickled_weights_in_a_lock_are_refused(store: Store, lock: ModelLock) -> None:
    with pytest.raises(AirgapError, match=r"pytorch_model\.bin"):
        build_model(store, with_file(lock, "pytorch_model.bin", lock.files[0].blob), Progress())


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        (Conversion(RECIPE, 99), "a lock made with version 99"),
        (Conversion("onnx", 1), "`onnx`"),
        (None, "found:    none"),
    ],
)
def test_a_recipe_that_this_program_does_not_have_is_refused(
    store: Store, lock: ModelLock, recipe: Conversion | None, complaint: str
) -> None:
    with pytest.raises(AirgapError, match=complaint):
        build_model(store, dataclasses.replace(lock, recipe=recipe), Progress())
