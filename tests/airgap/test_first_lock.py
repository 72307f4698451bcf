"""A model without a lock gets one in a step of its own, then is made by it like any other."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from airgap import steps
from airgap.errors import UnavailableError
from airgap.locks.model import parse
from airgap.locks.model_origin import FolderOrigin, HubOrigin
from airgap.make import make
from airgap.models.hub import ENDPOINT
from airgap.store import Store
from tests.airgap.hub.server import HubServer
from tests.airgap.hub.small_model import QWEN, small_model

TOML = f'name = "qwen"\nlicense = "LicenseRef-ours"\nmodelscope = "{QWEN}"\n'
LOCK = "models/qwen/model.lock"
SPEC = {"kind": "model", "name": "qwen", "lock": LOCK, "input": "models/qwen/model.toml"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Pants gives the tool to work from: the input, and no lock."""
    root = tmp_path / "root"
    (root / "models" / "qwen").mkdir(parents=True)
    (root / "models" / "qwen" / "model.toml").write_text(TOML)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return root


def build(store: Store, root: Path, spec: dict[str, Any]) -> tuple[list[list[str]], dict[str, Any]]:
    """Ask and do the steps until nothing is missing; the steps' kinds by round, and the receipt."""
    rounds, receipt = [], root.parent / "receipt"
    while missing := make(store, spec, root, root.parent / "dist", receipt):
        rounds.append([step["kind"] for step in missing])
        for step in missing:
            steps.run(store, step["kind"], json.loads(json.dumps(step["value"])))
    return rounds, json.loads(receipt.read_text())


def test_a_model_of_the_hub_is_locked_and_then_fetched(
    store: Store, hub: HubServer, root: Path
) -> None:
    rounds, receipt = build(store, root, SPEC)
    assert rounds == [["lock"], ["model"]]
    lock = parse((root / LOCK).read_text(), LOCK)
    assert lock.origin == HubOrigin(QWEN, "master", hub.models[QWEN].branches["master"])
    assert set(receipt["files"]) == {"model.lock", *small_model()}
    for path, content in small_model().items():
        assert (root.parent / "dist" / path).read_bytes() == content
    # What travels says what it is.
    assert (root.parent / "dist" / "model.lock").read_text() == (root / LOCK).read_text()


def test_a_lock_that_is_there_is_not_changed_when_the_branch_moves(
    store: Store, hub: HubServer, root: Path
) -> None:
    build(store, root, SPEC)
    before = (root / LOCK).read_text()
    hub.models[QWEN].commit(small_model(seed=1))
    elsewhere = Store(root.parent / "elsewhere")
    assert build(elsewhere, root, SPEC)[0] == [["model"]]
    assert (root / LOCK).read_text() == before
    weights = (root.parent / "dist" / "model.safetensors").read_bytes()
    assert weights == small_model()["model.safetensors"]


def test_without_a_hub_nothing_is_locked(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setattr("modelscope_hub._legacy_api.REPO_TREE_PAGE_MAX_ATTEMPTS", 1)
    with pytest.raises(UnavailableError, match="Connection refused"):
        build(store, root, SPEC)
    assert not (root / LOCK).exists()


def test_a_folder_stands_in_for_the_model_and_the_receipt_says_so(
    store: Store, root: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    for path, content in small_model(seed=2).items():
        (small / path).write_bytes(content)
    (small / "optimizer.pt").write_bytes(b"PK")
    spec = {**SPEC, "lock": "replaced/qwen.lock", "replaced_by": str(small)}
    rounds, receipt = build(store, root, spec)
    assert rounds == [["lock"], ["model"]]
    assert parse((root / "replaced" / "qwen.lock").read_text(), "").origin == FolderOrigin()
    assert receipt["replaced_models"] == ["qwen"]
    assert "qwen is not the model of its lock" in " ".join(receipt["summary"])
    assert str(small) not in json.dumps(receipt)
    assert set(receipt["files"]) == {"model.lock", *small_model()}


def test_the_step_names_the_model_and_all_that_its_work_depends_on() -> None:
    step = steps.lock_step("qwen", LOCK, {"input": TOML, "origin": "models/qwen/model.toml"})
    assert asdict(step) == {
        "kind": "lock",
        "description": "Lock the model qwen",
        "value": {
            "name": "qwen",
            "makes": LOCK,
            "input": TOML,
            "origin": "models/qwen/model.toml",
        },
    }
