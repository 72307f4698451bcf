"""`lock model` writes what a model's target needs, and nothing that is there already."""

from pathlib import Path

import pytest

from airgap import cli
from airgap.locks.model import ModelLock, parse
from airgap.locks.model_origin import FolderOrigin, HubOrigin
from tests.airgap.hub.server import HubServer
from tests.airgap.hub.small_model import QWEN, small_model


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def run(root: Path, *arguments: str) -> int:
    return cli.main(["lock", *arguments, f"--store={root.parent / 'store'}"])


def locked(root: Path, name: str) -> ModelLock:
    return parse((root / "models" / name / "model.lock").read_text(), name)


def test_a_model_of_the_hub_gets_all_that_a_target_needs(
    root: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, "model", QWEN) == 0
    folder = root / "models" / "qwen1_5_7b_chat"
    assert (folder / "BUILD").read_text() == "model()\n"
    assert (folder / "model.toml").read_text() == (
        'name = "qwen1_5_7b_chat"\nlicense = "LicenseRef-tongyi-qianwen"\n'
        f'modelscope = "{QWEN}"\nrevision = "master"\n'
    )
    commit = hub.models[QWEN].branches["master"]
    assert locked(root, folder.name).origin == HubOrigin(QWEN, "master", commit)
    said = capsys.readouterr().out
    assert "wrote BUILD, model.toml, model.lock in models/qwen1_5_7b_chat" in said
    assert commit in said and "licence LicenseRef-tongyi-qianwen" in said


def test_a_model_that_is_there_keeps_its_name_and_its_comments(
    root: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root / "models" / "chat"
    folder.mkdir(parents=True)
    text = f'# Ours.\nname = "chat"\nlicense = "MIT"\nmodelscope = "{QWEN}"\n'
    (folder / "model.toml").write_text(text)
    (folder / "BUILD").write_text('model(tags=["x"])\n')
    assert run(root, "model", QWEN) == 0
    assert (folder / "model.toml").read_text() == text
    assert (folder / "BUILD").read_text() == 'model(tags=["x"])\n'
    assert locked(root, "chat").license == "MIT"
    assert "wrote model.lock in models/chat" in capsys.readouterr().out


def test_another_revision_is_noted_and_locked(root: Path, hub: HubServer) -> None:
    model = hub.models[QWEN]
    first = model.branches["master"]
    model.commit(small_model(seed=1))
    assert run(root, "model", QWEN) == run(root, "model", QWEN, "--revision", first) == 0
    toml = (root / "models" / "qwen1_5_7b_chat" / "model.toml").read_text()
    assert f'revision = "{first}"' in toml and "master" not in toml
    assert locked(root, "qwen1_5_7b_chat").origin == HubOrigin(QWEN, first, first)


def test_a_target_with_a_lock_is_locked_anew_by_its_address(root: Path, hub: HubServer) -> None:
    assert run(root, "model", QWEN) == 0
    after = hub.models[QWEN].commit(small_model(seed=1))
    assert run(root, "models/qwen1_5_7b_chat") == 0
    assert locked(root, "qwen1_5_7b_chat").origin == HubOrigin(QWEN, "master", after)


def test_a_folder_is_locked_by_its_hashes_and_has_to_be_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root.parent / "My Tuned-Model"
    folder.mkdir()
    for path, content in small_model().items():
        (folder / path).write_bytes(content)
    assert run(root, "model", str(folder)) == 0
    lock = locked(root, "my_tuned_model")
    assert lock.origin == FolderOrigin()
    assert {file.path for file in lock.files} == set(small_model())
    assert "folder = true" in (root / "models" / "my_tuned_model" / "model.toml").read_text()
    assert f"AIRGAP_MODEL_MY_TUNED_MODEL={folder} in the environment" in capsys.readouterr().out


def test_an_address_by_the_name_of_model_is_still_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, "model") == 1
    assert "model/BUILD" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model", "Qwen1.5"], "expected: an id as `qwen/Qwen1.5-7B-Chat`, or a folder"),
        (["models/minilm", "qwen/x"], "found:    qwen/x"),
        (["models/minilm", "--revision", "v1"], "found:    --revision"),
        (["model", ".", "--revision", "v1"], "which a folder does not have"),
        (["model", "qwen/x", "--cutoff", "2024-05-01"], "--cutoff, which a model does not know"),
    ],
)
def test_what_makes_no_sense_is_told(
    root: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, *arguments) == 1
    assert told in capsys.readouterr().err


def test_a_name_that_another_model_has_is_refused(
    root: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.models["someone/Qwen1.5-7B-Chat"] = hub.models[QWEN]
    assert run(root, "model", QWEN) == 0
    assert run(root, "model", "someone/Qwen1.5-7B-Chat") == 1
    assert f"found:    {QWEN}" in capsys.readouterr().err
