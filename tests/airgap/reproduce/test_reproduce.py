"""A target built in both worlds, by the program itself; a small one, of two wheels."""

import json
from pathlib import Path

import pytest

from airgap import steps
from airgap.errors import AirgapError
from airgap.locks import python
from airgap.make import make
from airgap.reproduce.reproduce import reproduce
from airgap.store import Store
from tests.airgap.small_wheels import greeting_stack

SPEC = {
    "kind": "pex",
    "name": "hello",
    "wheelhouse": {"kind": "wheelhouse", "lock": "stack.lock"},
    "sources": [],
    "files": [["hello.py", "hello.py"]],
    "module": "hello",
    "layout": "packed",
}


@pytest.fixture
def root(tmp_path: Path, store: Store) -> Path:
    """A repository in which the target is built."""
    root = tmp_path / "repo"
    root.mkdir()
    (root / "hello.py").write_text("import greeter\nprint(greeter.text)\n")
    (root / "stack.lock").write_text(python.render(greeting_stack(store)))
    dist = root / "dist"
    while left := make(store, SPEC, root, dist / "hello", dist / "hello.receipt"):
        for step in left:
            steps.run(store, step["kind"], step["value"])
    return root


def test_both_builds_and_that_of_package_are_the_same(
    store: Store, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce(store, root, "hello")
    said = capsys.readouterr().out
    assert "umask: 022 | 077" in said
    assert "hello: both builds are the same, in every byte, mode and time" in said


def test_what_package_made_otherwise_is_told(store: Store, root: Path) -> None:
    receipt = root / "dist" / "hello.receipt"
    made = json.loads(receipt.read_bytes())
    made["files"]["PEX-INFO"][1] = "0" * 64
    receipt.write_text(json.dumps(made))
    with pytest.raises(AirgapError, match="PEX-INFO is another in dist/"):
        reproduce(store, root, "hello")


def test_a_receipt_of_other_sources_is_refused_before_anything_is_built(
    store: Store, root: Path
) -> None:
    (root / "hello.py").write_text("print()\n")
    with pytest.raises(AirgapError, match=r"others now: hello\.py"):
        reproduce(store, root, "hello")


@pytest.mark.parametrize(
    ("receipt", "found"),
    [
        ("", "no receipt of a build"),
        ('{"left_out": "no way to the source"}', "no way to the source"),
        ('{"replaced_models": ["minilm"]}', "minilm"),
    ],
)
def test_what_was_not_built_from_the_repository_is_refused(
    receipt: str, found: str, store: Store, root: Path
) -> None:
    (root / "dist" / "hello.receipt").write_text(receipt)
    with pytest.raises(AirgapError, match=found):
        reproduce(store, root, "hello")
