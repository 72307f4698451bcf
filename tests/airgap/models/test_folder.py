import os
from pathlib import Path

import pytest

from airgap.errors import AirgapError, UnavailableError
from airgap.fetch.progress import Progress
from airgap.locks.model import ModelFile, ModelLock
from airgap.locks.model_origin import FolderOrigin, HubOrigin
from airgap.models.build import build_model
from airgap.store import Store, hash_file

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tuned"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / WEIGHTS).write_bytes(os.urandom(3 << 20))
    return folder


@pytest.fixture
def lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModelLock:
    """The lock of the folder, which the environment names."""
    monkeypatch.setenv("AIRGAP_MODEL_TUNED", str(folder))
    paths = ("1_Pooling/config.json", WEIGHTS)
    files = tuple(ModelFile(path, hash_file(folder / path)) for path in paths)
    return ModelLock("tuned", "MIT", FolderOrigin(), None, files)


def test_a_named_folder_gives_the_files_and_stays_as_it_is(
    store: Store, lock: ModelLock, folder: Path
) -> None:
    made = build_model(store, lock, Progress())
    assert made == {file.path: file.blob for file in lock.files}
    assert all(map(store.has, made.values()))
    # No link: what the user does to the folder later must not reach the store.
    assert (folder / WEIGHTS).stat().st_nlink == 1


def test_a_named_folder_stands_in_for_the_hub(store: Store, lock: ModelLock) -> None:
    origin = HubOrigin("qwen/Qwen1.5-7B-Chat", "master", "0" * 40)
    from_hub = ModelLock(lock.name, lock.license, origin, None, lock.files)
    assert all(map(store.has, build_model(store, from_hub, Progress()).values()))


def test_no_folder_is_needed_where_the_store_has_the_files(
    store: Store, lock: ModelLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_model(store, lock, Progress())
    monkeypatch.delenv("AIRGAP_MODEL_TUNED")
    assert build_model(store, lock, Progress())


def test_a_folder_that_nobody_names_is_unavailable(
    store: Store, lock: ModelLock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AIRGAP_MODEL_TUNED")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(UnavailableError, match="AIRGAP_MODEL_TUNED=/path"):
        build_model(store, lock, Progress())


def test_weights_that_were_cut_short_are_told_by_their_size(
    store: Store, lock: ModelLock, folder: Path
) -> None:
    os.truncate(folder / WEIGHTS, 1 << 20)
    with pytest.raises(AirgapError, match="1048576 bytes, as if it had been cut short") as raised:
        build_model(store, lock, Progress())
    assert raised.value.subject == str(folder / WEIGHTS)


def test_other_weights_of_the_same_size_are_told_by_their_hash(
    store: Store, lock: ModelLock, folder: Path
) -> None:
    (folder / WEIGHTS).write_bytes(bytes(3 << 20))
    with pytest.raises(AirgapError, match="found:    sha256"):
        build_model(store, lock, Progress())


def test_a_missing_file_is_named(store: Store, lock: ModelLock, folder: Path) -> None:
    (folder / "1_Pooling" / "config.json").unlink()
    with pytest.raises(AirgapError, match="1_Pooling/config.json") as raised:
        build_model(store, lock, Progress())
    assert raised.value.found == "no such file"
