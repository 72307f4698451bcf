import os

import pytest

from airgap.errors import AirgapError, UnavailableError
from airgap.locks.model import parse, render
from airgap.locks.model_origin import HubOrigin
from airgap.resolve.hub import hub_lock
from tests.airgap.hub.server import HubServer
from tests.airgap.hub.small_model import QWEN, small_model


def test_the_files_to_serve_are_locked_as_the_hub_lists_them(hub: HubServer) -> None:
    lock = hub_lock("qwen", "MIT", QWEN, "master", os.environ)
    model = hub.models[QWEN]
    commit = model.branches["master"]
    assert lock.origin == HubOrigin(QWEN, "master", commit)
    assert {file.path for file in lock.files} == set(small_model())
    for file in lock.files:
        content, _ = model.commits[commit][file.path]
        assert (file.blob.sha256, file.blob.size) == (content.sha256, content.size)
    assert parse(render(lock), "model.lock") == lock


def test_no_file_is_fetched_for_it(hub: HubServer) -> None:
    hub_lock("qwen", "MIT", QWEN, "master", os.environ)
    assert {seen.path for seen in hub.seen} == {"the listing"}


def test_a_model_of_pickles_alone_is_refused(hub: HubServer) -> None:
    hub.models[QWEN].commit({"config.json": b"{}", "pytorch_model.bin": b"PK"})
    with pytest.raises(UnavailableError, match="`pytorch_model.bin`, a pickle") as raised:
        hub_lock("qwen", "MIT", QWEN, "master", os.environ)
    assert raised.value.subject == f"{QWEN} at {hub.endpoint}"


def test_a_file_without_a_hash_is_refused(hub: HubServer) -> None:
    model = hub.models[QWEN]
    content, _ = model.commits[model.branches["master"]]["model.safetensors"]
    content.__dict__["sha256"] = ""
    with pytest.raises(AirgapError, match=r"model\.safetensors") as raised:
        hub_lock("qwen", "MIT", QWEN, "master", os.environ)
    assert raised.value.expected == "a sha256 from the hub"


def test_a_path_out_of_the_folder_is_never_locked(hub: HubServer) -> None:
    hub.models[QWEN].commit({**small_model(), "../../1_Pooling/config.json": b"{}"})
    lock = hub_lock("qwen", "MIT", QWEN, "master", os.environ)
    assert {file.path for file in lock.files} == set(small_model())
