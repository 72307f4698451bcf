import json
from dataclasses import replace
from typing import Any

import pytest

from airgap.errors import AirgapError
from airgap.locks.model import Conversion, ModelFile, ModelLock, parse, render
from airgap.locks.model_origin import FolderOrigin, HubOrigin, Origin
from airgap.locks.python import Wheel
from airgap.store import Blob

A = "a" * 64
LOCK = ModelLock(
    name="minilm",
    license="Apache-2.0",
    origin=Wheel("gt-all", "0.1.0", "gt_all-0.1.0-py3-none-any.whl", Blob(A, 83500000)),
    recipe=Conversion("embedding-folder", 1),
    files=(
        ModelFile("1_Pooling/config.json", Blob("b" * 64, 190)),
        ModelFile("模型.safetensors", Blob("c" * 64, 0)),
    ),
)


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(render(LOCK)) | changes)


def file(path: str, **changes: Any) -> dict[str, Any]:
    return {"path": path, "size": 1, "sha256": A} | changes


def hub(**changes: Any) -> dict[str, Any]:
    origin = {"id": "qwen/Qwen1.5-7B-Chat", "revision": "master", "commit": "0" * 40}
    return {"modelscope": origin | changes}


@pytest.mark.parametrize(
    "origin",
    [LOCK.origin, HubOrigin("qwen/Qwen1.5-7B-Chat", "v1.0", "0" * 40), FolderOrigin()],
)
def test_what_is_written_is_read_again(origin: Origin) -> None:
    lock = replace(LOCK, origin=origin, recipe=None)
    assert parse(render(lock), "model.lock") == lock
    assert lock.size == 190


def test_the_variable_that_names_a_folder_is_one_that_a_shell_can_set() -> None:
    assert replace(LOCK, name="my-model.v1").variable == "AIRGAP_MODEL_MY_MODEL_V1"


def test_keys_are_sorted_and_indented_by_one() -> None:
    text = render(LOCK)
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../x", "/etc/passwd", "a//b", "./a", "", "a/", "a\\b", "a\nb", "c:x", "x" * 256, 7],
)
def test_a_path_out_of_the_folder_is_refused(path: Any) -> None:
    with pytest.raises(AirgapError, match=r"files\[0\]: not a path below the model's folder"):
        parse(changed(files=[file(path)]), "model.lock")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"files": []}, "at least one file"),
        ({"files": [file("a"), file("a")]}, "files[1]: `a` is locked twice"),
        ({"files": [file("a"), file("a/b")]}, "`a` is both a file and a folder"),
        ({"files": [file("a", sha256="xyz")]}, "files[0]: not a sha256"),
        ({"files": [file("a", sha256=None)]}, "files[0]: not a sha256"),
        ({"files": [file("a", size=True)]}, "files[0]: not a size"),
        ({"files": [file("a", url="x")]}, "files[0]: should have path, size and sha256"),
        ({"name": "../x"}, "name: not a folder's name"),
        ({"license": " "}, "license: not an SPDX expression"),
        ({"recipe": {"name": "x", "version": "1"}}, "recipe: should be null"),
        ({"origin": {"url": "x"}}, "origin: should be a folder, a modelscope model"),
        ({"origin": {"folder": {"path": "/x"}}}, "origin: should be a folder"),
        ({"origin": {"modelscope": {"id": "a/b"}}}, "origin: should be a folder"),
        ({"origin": hub(id="../x/y")}, "origin: not an id"),
        ({"origin": hub(id=7)}, "origin: not an id"),
        ({"origin": hub(revision="")}, "origin: not a revision"),
        ({"origin": hub(commit="master")}, "origin: not a commit"),
        ({"extra": 1}, "the lock: should be an object of"),
    ],
)
def test_wrong_values_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(AirgapError) as raised:
        parse(changed(**changes), "model.lock")
    assert raised.value.found is not None
    assert problem in raised.value.found


def test_the_origin_is_checked_like_a_line_of_a_stack_lock() -> None:
    with pytest.raises(AirgapError, match="not a wheel's file name"):
        parse(render(LOCK).replace("gt_all-0.1.0-py3-none-any.whl", "../gt_all.whl"), "model.lock")


def test_text_that_is_not_json_names_its_line() -> None:
    with pytest.raises(AirgapError, match="line 2: not JSON"):
        parse("{\nx", "model.lock")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(AirgapError) as raised:
        parse(changed(name="/", license="", files=[file("..")]), "model.lock")
    assert raised.value.found is not None
    assert len(raised.value.found.splitlines()) == 3
