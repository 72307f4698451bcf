"""A model of the hub, from its lock to a folder, beside what the hub's own client downloads."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import modelscope_hub
import pytest
from modelscope_hub.compat import snapshot_download
from modelscope_hub.config import set_default_config

from airgap import steps
from airgap.errors import AirgapError
from airgap.fetch import partial
from airgap.fetch.target import fetch_target
from airgap.locks.model import ModelFile, ModelLock, render
from airgap.locks.model_origin import HubOrigin
from airgap.make import make
from airgap.store import Blob, Store
from tests.airgap.hub.contents import Content, Seeded
from tests.airgap.hub.server import HubServer, Model

ID = "qwen/Qwen1.5-7B-Chat"
FILES: dict[str, bytes | Content] = {
    "1_Pooling/config.json": b"[]",
    "config.json": b"{}",
    "model-00001-of-00002.safetensors": Seeded(5_000_000, seed=1),
    "model-00002-of-00002.safetensors": Seeded(3_000_000, seed=2),
}
SPEC = {"kind": "model", "name": "chat", "lock": "models/chat/model.lock"}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr(partial, "BLOCK", 1 << 16)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with HubServer({ID: Model()}) as server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.endpoint)
        set_default_config(modelscope_hub.HubConfig())
        yield server
    set_default_config(None)


@pytest.fixture
def lock(server: HubServer, tmp_path: Path) -> ModelLock:
    """The lock of what the hub has, in a repository at ``repo``."""
    commit = server.models[ID].commit(FILES)
    files = tuple(
        ModelFile(path, Blob(content.sha256, content.size))
        for path, (content, _) in sorted(server.models[ID].commits[commit].items())
    )
    lock = ModelLock("chat", "MIT", HubOrigin(ID, "master", commit), None, files)
    folder = tmp_path / "repo" / "models" / "chat"
    folder.mkdir(parents=True)
    (folder / "model.lock").write_text(render(lock))
    (folder / "BUILD").write_text("model()\n")
    return lock


def package(store: Store, tmp_path: Path) -> list[str]:
    """Do what `./pants package` does; returns the descriptions of the steps that it took."""
    root, dest, receipt = tmp_path / "repo", tmp_path / "dist" / "chat", tmp_path / "receipt"
    found = make(store, SPEC, root, dest, receipt)
    for step in json.loads(json.dumps(found)):
        steps.run(store, step["kind"], step["value"])
    assert make(store, SPEC, root, dest, receipt) == []
    return [step["description"] for step in found]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_packaged_model_is_what_the_hub_s_own_client_downloads(
    store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    package(store, tmp_path)
    snapshot_download(ID, local_dir=str(tmp_path / "snapshot"))
    packaged = contents(tmp_path / "dist" / "chat")
    del packaged["model.lock"]
    assert packaged == contents(tmp_path / "snapshot")
    assert set(packaged) == set(FILES)


def test_the_files_in_dist_are_links_to_the_one_copy_in_the_store(
    store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    package(store, tmp_path)
    for file in lock.files:
        packaged = tmp_path / "dist" / "chat" / file.path
        assert os.path.samefile(packaged, store.path(file.blob))
        assert packaged.stat().st_mode & 0o777 == 0o444


def test_an_unchanged_model_is_packaged_without_asking_the_hub(
    server: HubServer, store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    package(store, tmp_path)
    server.seen.clear()
    assert package(store, tmp_path) == []
    assert server.seen == []


def test_the_step_names_the_model_and_how_much_of_it_is_missing(
    store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    assert package(store, tmp_path) == ["Fetch the model chat (8.0 MB)"]
    store.path(lock.files[2].blob).unlink()
    assert package(store, tmp_path) == ["Fetch the model chat (5.0 MB)"]


def test_only_files_that_are_missing_are_fetched(
    server: HubServer, store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    package(store, tmp_path)
    gone = lock.files[2]
    store.path(gone.blob).unlink()
    server.seen.clear()
    fetch_target(store, tmp_path / "repo", "models/chat")
    assert {seen.path for seen in server.seen if seen.other_host} == {gone.path}
    assert store.has(gone.blob)


def test_fetch_says_that_all_is_there_even_where_it_was(
    store: Store, lock: ModelLock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        fetch_target(store, tmp_path / "repo", "models/chat")
        said = f"models/chat: what its locks name is in the store {store.root} (locks: 1)\n"
        assert capsys.readouterr().out == said


def test_a_branch_that_has_moved_changes_nothing(
    server: HubServer, store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    server.models[ID].commit({**FILES, "config.json": b'{"new": 1}'})
    package(store, tmp_path)
    assert (tmp_path / "dist" / "chat" / "config.json").read_bytes() == b"{}"


def test_a_commit_that_the_hub_no_longer_has_is_told(
    server: HubServer, store: Store, lock: ModelLock, tmp_path: Path
) -> None:
    server.models[ID].commits.clear()
    with pytest.raises(AirgapError) as raised:
        fetch_target(store, tmp_path / "repo", "models/chat")
    assert raised.value.subject.startswith("chat/")
    assert "404" in str(raised.value.found)
    assert "make the lock anew" in str(raised.value.remedy)


def test_a_private_model_is_fetched_with_the_token_of_the_environment(
    server: HubServer,
    store: Store,
    lock: ModelLock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.models[ID].token = "ms-secret"
    with pytest.raises(AirgapError, match="MODELSCOPE_API_TOKEN"):
        fetch_target(store, tmp_path / "repo", "models/chat")
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms-secret")
    package(store, tmp_path)
    assert {seen.token for seen in server.seen if seen.other_host} == {None}
