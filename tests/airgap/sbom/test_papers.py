"""The two files of a bundle, from its specification."""

import dataclasses
import hashlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from airgap.locks import source
from airgap.sbom.assemble import bill_of
from airgap.sbom.bill import listing
from airgap.sbom.papers import SBOM, SUMMARY, papers
from airgap.steps import Missing
from airgap.store import Store
from tests.airgap.blobs import put
from tests.airgap.fetch.upstream import FILES, make_lock, make_repository
from tests.airgap.sbom.bundles import IMAGE, SmallBundle, wheel_named


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> SmallBundle:
    folder = tmp_path_factory.mktemp("bundle")
    return SmallBundle(Store(folder / "store"), folder / "repo")


@pytest.fixture
def own_bundle(store: Store, tmp_path: Path) -> SmallBundle:
    """One that a test may change."""
    return SmallBundle(store, tmp_path / "repo")


def text(bundle: SmallBundle, name: str = SBOM) -> str:
    store = bundle.shop.store
    return store.path(papers(store, bundle.bill())[name].blob).read_text()


def components(bundle: SmallBundle) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(text(bundle))["components"]}


def properties(component: Any, name: str) -> list[str]:
    return [p["value"] for p in component["properties"] if p["name"] == f"airgap:{name}"]


def test_the_document_keeps_to_the_schema_of_cyclonedx(bundle: SmallBundle) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text(bundle)) is None


def test_every_package_is_named_with_the_hash_of_its_lock(bundle: SmallBundle) -> None:
    found = components(bundle)
    for package in bundle.packages:
        one = found[package.name]
        assert one["hashes"] == [{"alg": "SHA-256", "content": package.blob.sha256}]
        assert properties(one, "in") == ["image"]
    assert found["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bb1?arch=amd64&distro=debian-12"


def test_a_wheel_of_two_stacks_is_one_component_with_all_its_places(bundle: SmallBundle) -> None:
    shared = components(bundle)["shared"]
    assert shared["purl"] == "pkg:pypi/shared@1.0"
    wheel = wheel_named(bundle, "shared")
    assert shared["hashes"] == [{"alg": "SHA-256", "content": wheel.blob.sha256}]
    assert properties(shared, "in") == ["image", "pex/program.pex", "wheelhouse/one"]
    assert shared["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]


def test_what_a_wheel_has_inside_is_told_below_it(bundle: SmallBundle) -> None:
    (inner,) = components(bundle)["outer"]["components"]
    assert inner["purl"] == "pkg:pypi/inner@2.0"
    assert inner["licenses"][0]["license"]["id"] == "ISC"


def test_a_model_is_told_file_by_file_with_its_origin(bundle: SmallBundle) -> None:
    model = components(bundle)["open"]
    assert model["type"] == "machine-learning-model"
    assert model["version"] == "a" * 40
    assert properties(model, "in") == ["models/open"]
    assert properties(model, "revision") == ["master"]
    assert [part["name"] for part in model["components"]] == ["config.json"]
    assert model["externalReferences"][0]["url"].endswith("/qwen/Small")
    assert "licenses" not in components(bundle)["unknown"]


def test_a_source_is_told_by_its_commit_and_trees(
    own_bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    license = b"Apache License\nVersion 2.0, January 2004\n"
    repository = make_repository(tmp_path / "repository", {**FILES, "LICENSE": license})
    url = "https://github.com/Some/Upstream"
    lock = dataclasses.replace(make_lock(repository, tmp_path / "lock"), url=url)
    (own_bundle.shop.root / "source.lock").write_text(source.render(lock))
    own_bundle.spec["image"]["sources"] = [{"name": lock.name, "lock": "source.lock"}]
    monkeypatch.setenv(lock.variable, str(repository))
    found = components(own_bundle)[lock.name]
    assert found["purl"] == f"pkg:github/some/upstream@{lock.commit}"
    assert properties(found, "git-tree") == [f"{path} {id}" for path, id in lock.trees.items()]
    assert properties(found, "in") == ["image"]
    assert found["licenses"][0]["license"]["id"] == "Apache-2.0"


def test_our_own_files_and_the_runtime_of_a_pex_are_among_them(bundle: SmallBundle) -> None:
    found = components(bundle)
    assert properties(found["airgap"], "in") == ["image", "pex/program.pex", "program"]
    assert found["airgap"]["licenses"][0]["license"]["id"] == "Apache-2.0"
    assert properties(found["pex"], "in") == ["pex/program.pex"]


def test_the_summary_begins_with_what_a_person_must_read(bundle: SmallBundle) -> None:
    summary = text(bundle, SUMMARY)
    told = [line for line in summary.splitlines() if line]
    closed, unknown, counts = (
        next(number for number, line in enumerate(told) if line.startswith(title))
        for title in ("Not open source", "Unknown", "By licence (10 components)")
    )
    assert told[closed + 1 : unknown] == [
        "  closed 12.8+cu: NVIDIA Proprietary Software  [image, pex/program.pex]"
    ]
    assert told[unknown + 1 : counts] == [
        "  outer 3.0: (nothing stated)  [image, wheelhouse/one]",
        "  unknown: (nothing stated)  [models/unknown]",
    ]
    assert "     3  Apache-2.0\n" in summary


def test_the_same_inputs_are_the_same_bytes_anywhere(
    bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    other = SmallBundle(Store(tmp_path / "other store"), tmp_path / "other repo")
    other.spec["models"].reverse()
    other.spec["image"]["wheelhouses"].reverse()
    assert text(bundle) == text(other)
    assert text(bundle, SUMMARY) == text(other, SUMMARY)
    assert str(tmp_path) not in text(bundle)


def test_any_change_gives_another_serial_number(own_bundle: SmallBundle) -> None:
    before = json.loads(text(own_bundle))["serialNumber"]
    (own_bundle.shop.root / "app.py").write_text("print(1)\n")
    assert json.loads(text(own_bundle))["serialNumber"] != before


def test_licences_that_were_not_read_yet_are_steps_one_for_each_lock(
    own_bundle: SmallBundle,
) -> None:
    with pytest.raises(Missing) as caught:
        bill_of(own_bundle.shop, own_bundle.spec)
    assert [step.description for step in caught.value.steps] == [
        "Read the licences of 2 Debian packages",
        "Read the licences of the wheels of one",
        "Read the licences of the wheels of two",
    ]


def test_an_unchanged_bundle_reads_no_library_for_documents(
    bundle: SmallBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers(bundle.shop.store, bundle.bill())
    for library in ("cyclonedx", "license_expression", "debian"):
        monkeypatch.setitem(sys.modules, library, None)
    for name in [name for name in sys.modules if name.startswith("airgap.sbom.")]:
        monkeypatch.delitem(sys.modules, name)
    # Imported anew, without what is not to be there.
    assemble = importlib.import_module("airgap.sbom.assemble")
    again = importlib.import_module("airgap.sbom.papers").papers
    bill = assemble.bill_of(bundle.shop, bundle.spec)
    assert SBOM in again(bundle.shop.store, assemble.with_image(bill, *IMAGE))


def test_the_hash_over_files_is_that_of_sha256sum(store: Store) -> None:
    lines = b"".join(
        hashlib.sha256(data).hexdigest().encode() + b"  " + path + b"\n"
        for path, data in ((b"a", b"1"), (b"b/c", b"2"))
    )
    files = {"b/c": put(store, b"2"), "a": put(store, b"1")}
    assert listing(files) == hashlib.sha256(lines).hexdigest()
