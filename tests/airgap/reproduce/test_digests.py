"""The page of digests: what stands there for a bundle, and what a difference is called."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from airgap.digests import PAGE, Digests, digests, parse, publish, unlike
from airgap.errors import AirgapError
from airgap.locks import python
from airgap.locks.python import Sdist
from airgap.store import Blob
from tests.airgap.reproduce.small_bundle import write_bundle

WHEEL = "wheelhouse/agent/jieba-0.42.1-py3-none-any.whl"
LAYER = "image/layer 00, agent: torch 2.13.0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a page without digests, and the lock of a wheel that is built here."""
    root = tmp_path / "repo"
    blob = Blob("0" * 64, 1)
    wheel = python.Wheel(
        "jieba", "0.42.1", WHEEL.rpartition("/")[2], blob, Sdist("jieba-0.42.1.tar.gz", blob)
    )
    for path, text in {PAGE: "# Digests\n\nWords.\n", "a.lock": python.render([wheel])}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def build(root: Path, name: str = "demo", lock: str = "1", **contents: bytes) -> Digests:
    """Make a bundle in a dist folder, with its receipt; returns its digests."""
    folder = write_bundle(root / "dist" / name, **contents)
    spec = {"kind": "wheelhouse", "name": "agent", "lock": "a.lock"}
    app = hashlib.sha256(contents.get("app", b"")).hexdigest()
    receipt = {
        "name": name,
        "spec": {"kind": "bundle", "wheelhouses": [spec]},
        "inputs": {"a.lock": lock, "app.py": app},
        "files": {"MANIFEST": [1, sha256(folder / "MANIFEST")]},
    }
    folder.with_name(f"{name}.receipt").write_text(json.dumps(receipt))
    return digests(folder, receipt, root)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def changed(found: Digests, **values: Any) -> Digests:
    return dataclasses.replace(found, **values)


def test_a_line_is_what_sha256sum_says(root: Path) -> None:
    found = build(root)
    demo = root / "dist" / "demo"
    assert found.of_locks[WHEEL] == sha256(demo / WHEEL)
    assert found.of_all["MANIFEST"] == sha256(demo / "MANIFEST")
    assert found.of_all["airgap"] == sha256(demo / "airgap")
    lines = (demo / "MANIFEST").read_text().splitlines(keepends=True)
    folder = "".join(line for line in lines if " wheelhouse/agent/" in line)
    assert found.of_locks["wheelhouse/agent/"] == hashlib.sha256(folder.encode()).hexdigest()


def test_all_layers_but_that_of_the_apps_are_made_of_locks_alone(root: Path) -> None:
    found = build(root)
    assert set(found.of_locks) == {WHEEL, "wheelhouse/agent/", LAYER}
    assert "image/layer 01, the apps" in found.of_all


def test_the_page_reads_back_and_keeps_its_words_and_other_bundles(root: Path) -> None:
    one, other = build(root), build(root, "other", wheel=b"2")
    publish(root, [root / "dist" / "demo"])
    publish(root, [root / "dist" / "other"])
    text = (root / PAGE).read_text()
    assert text.startswith("# Digests\n\nWords.\n\n## demo\n")
    assert parse(text) == {"demo": one, "other": changed(other, bundle="other")}


def test_a_build_of_the_same_that_comes_out_otherwise_is_told_by_the_name_of_the_artefact(
    root: Path,
) -> None:
    published = build(root)
    assert unlike(published, build(root)) == []
    (root / "dist").rename(root / "before")
    found = unlike(published, build(root, layer=b"other"))
    assert found[0].startswith(f"demo: {LAYER} should be {published.of_locks[LAYER]} and is ")
    assert any(line.startswith("demo: MANIFEST should be") for line in found)
    assert all("are the same, so what makes it" in line for line in found)


def test_a_change_of_a_source_changes_what_is_made_of_it_and_no_test_fails(root: Path) -> None:
    published = build(root)
    (root / "dist").rename(root / "before")
    found = build(root, app=b"a changed line")
    assert found.of_all != published.of_all
    assert unlike(published, found) == []


def test_a_change_of_a_source_excuses_no_layer_of_locks(root: Path) -> None:
    published = build(root)
    (root / "dist").rename(root / "before")
    (line,) = unlike(published, build(root, app=b"a changed line", layer=b"other"))
    assert LAYER in line


@pytest.mark.parametrize("lock", [None, "2"])
def test_locks_without_published_digests_are_told(root: Path, lock: str | None) -> None:
    before = build(root, lock=lock) if lock else None
    (line,) = unlike(before, build(root))
    assert "its locks are not those for which" in line


def test_a_folder_of_another_build_than_its_receipt_is_refused(root: Path) -> None:
    build(root)
    manifest = root / "dist" / "demo" / "MANIFEST"
    text = manifest.read_text().replace(" 10 airgap", " 11 airgap")
    manifest.unlink()
    manifest.write_text(text)
    with pytest.raises(AirgapError, match="receipt of another build"):
        publish(root, [root / "dist" / "demo"])


def test_a_bundle_that_is_not_built_is_told(root: Path) -> None:
    with pytest.raises(AirgapError, match="./pants package"):
        publish(root, [root / "dist" / "demo"])
