"""Targets from their specs to dist/, with real wheels of a few bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airgap import steps
from airgap.errors import AirgapError
from airgap.fetch.progress import human
from airgap.locks import python
from airgap.locks.source import render
from airgap.make import make
from airgap.store import Store
from tests.airgap.fetch.upstream import make_lock, make_repository
from tests.airgap.small_wheels import greeting_stack

WHEELHOUSE = {"kind": "wheelhouse", "name": "stack", "lock": "stack.lock"} | {
    "build_backends": "backends.lock"
}
PEX = {
    "kind": "pex",
    "name": "hello",
    "wheelhouse": WHEELHOUSE,
    "sources": [],
    "files": [["hello.py", "src/hello.py"]],
    "module": "hello",
    "layout": "packed",
}


@pytest.fixture
def root(tmp_path: Path, store: Store) -> Path:
    root = tmp_path / "repo"
    (root / "src").mkdir(parents=True)
    (root / "src" / "hello.py").write_text("import greeter\nprint(greeter.text)\n")
    (root / "stack.lock").write_text(python.render(greeting_stack(store)))
    (root / "backends.lock").write_text("")
    return root


def ask(store: Store, spec: dict[str, Any], root: Path, tmp_path: Path) -> list[dict[str, Any]]:
    return make(store, spec, root, tmp_path / "dist" / "out", tmp_path / "receipt")


def test_a_target_whose_blobs_are_there_is_made_at_once(
    store: Store, root: Path, tmp_path: Path
) -> None:
    assert ask(store, WHEELHOUSE, root, tmp_path) == []
    receipt = json.loads((tmp_path / "receipt").read_text())
    made = {path.name for path in (tmp_path / "dist" / "out").iterdir()}
    assert made == set(receipt["files"])
    assert str(tmp_path) not in json.dumps(receipt)


def test_a_receipt_says_what_would_make_the_same_again(
    store: Store, root: Path, tmp_path: Path
) -> None:
    ask(store, WHEELHOUSE, root, tmp_path)
    before = json.loads((tmp_path / "receipt").read_text())
    assert before["spec"] == WHEELHOUSE
    assert set(before["inputs"]) == {"stack.lock", "backends.lock"}
    (root / "backends.lock").write_text("\n")
    ask(store, WHEELHOUSE, root, tmp_path)
    after = json.loads((tmp_path / "receipt").read_text())
    assert after["inputs"]["backends.lock"] != before["inputs"]["backends.lock"]
    assert {**after, "inputs": before["inputs"]} == before


def test_what_is_missing_comes_back_as_steps_and_nothing_is_written(
    store: Store, root: Path, tmp_path: Path
) -> None:
    wheel = python.parse((root / "stack.lock").read_text(), "")[0]
    store.path(wheel.blob).unlink()
    (step,) = ask(store, WHEELHOUSE, root, tmp_path)
    assert step["kind"] == "wheels"
    assert wheel.name in step["description"]
    assert wheel.blob.sha256 in step["value"]["lock"]
    assert not (tmp_path / "dist").exists()


def test_the_steps_of_a_target_lead_to_it(store: Store, root: Path, tmp_path: Path) -> None:
    (step,) = ask(store, PEX, root, tmp_path)
    step = json.loads(json.dumps(step))
    steps.run(store, step["kind"], step["value"])
    assert ask(store, PEX, root, tmp_path) == []
    assert (tmp_path / "dist" / "out" / "pex").exists()


def test_what_is_made_is_counted_as_a_medium_takes_it(
    store: Store, root: Path, tmp_path: Path
) -> None:
    (step,) = ask(store, PEX, root, tmp_path)
    steps.run(store, step["kind"], step["value"])
    ask(store, PEX, root, tmp_path)
    paths = [path for path in (tmp_path / "dist" / "out").rglob("*") if not path.is_dir()]
    sizes = [path.stat().st_size for path in paths if not path.is_symlink()]
    links = len(paths) - len(sizes)
    assert links > 0
    summary = json.loads((tmp_path / "receipt").read_text())["summary"]
    assert summary == [f"  {len(sizes)} files and {links} links to them, {human(sum(sizes))}"]


def test_a_source_lies_beside_the_packages_of_a_pex(
    store: Store, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make_repository(tmp_path / "repository")
    (root / "source.lock").write_text(render(make_lock(repository, tmp_path / "lock")))
    (root / "src" / "hello.py").write_text(
        "from pathlib import Path\n"
        "print((Path(__file__).parent / 'upstream/theirs/lib/core.py').read_text())\n"
    )
    source = {"kind": "source", "name": "theirs", "lock": "source.lock"}
    monkeypatch.setenv("AIRGAP_SOURCE_UPSTREAM", str(repository))
    for kind in ("source", "pex"):
        (step,) = ask(store, PEX | {"sources": [source]}, root, tmp_path)
        assert step["kind"] == kind
        steps.run(store, step["kind"], step["value"])
    assert ask(store, PEX | {"sources": [source]}, root, tmp_path) == []
    out = subprocess.run(
        [sys.executable, tmp_path / "dist" / "out" / "pex"],
        env={"PATH": os.environ["PATH"], "PEX_ROOT": str(tmp_path / "pex_root")},
        capture_output=True,
        text=True,
    )
    assert out.stdout.strip() == "VALUE = 1", out.stderr
    assert (tmp_path / "dist/out/upstream/theirs/LICENSE").exists()


def test_large_and_small_wheels_become_steps_that_say_so(store: Store) -> None:
    large = python.parse(
        f"torch==2.0 --hash=sha256:{'0' * 64}  # torch-2.0-py3-none-any.whl 200000000", ""
    )
    small = python.parse(
        "".join(
            f"a{i}==1.0 --hash=sha256:{str(i) * 64}  # a{i}-1.0-py3-none-any.whl 1000\n"
            for i in range(3)
        ),
        "",
    )
    descriptions = [step.description for step in steps.wheel_steps([*large, *small], [])]
    assert descriptions == ["Fetch torch 2.0 (200.0 MB)", "Fetch 3 small wheels (3.0 kB)"]


def test_gathering_tells_all_that_is_missing_once() -> None:
    def missing(*names: str) -> None:
        raise steps.Missing(steps.Step("wheels", name, {}) for name in names)

    with pytest.raises(steps.Missing) as caught:
        steps.gather(lambda: missing("a", "b"), lambda: 1, lambda: missing("b", "c"))
    assert [step.description for step in caught.value.steps] == ["a", "b", "c"]


def test_a_damaged_lock_stops_before_anything_is_written(
    store: Store, root: Path, tmp_path: Path
) -> None:
    (root / "stack.lock").write_text("greeter==1.0\n")
    with pytest.raises(AirgapError, match="line 1"):
        ask(store, WHEELHOUSE, root, tmp_path)
    assert not (tmp_path / "dist").exists()
