"""One lock, three exits: a built bundle's wheelhouses, PEXes and image hold the same wheels.

Of the demo always. Of the bundle for GPUs where somebody built it, because that takes 5 GB from the
network; then it is read back, in some minutes.
"""

import json
from pathlib import Path

import pytest

from tests.airgap.three_exits import (
    differences,
    stacks_in_image,
    wheels_in_folder,
    wheels_in_pex,
)
from tests.e2e.bundle import built, dist


@pytest.fixture(scope="module", params=["demo", "qwen1_5_7b"])
def bundle(request: pytest.FixtureRequest) -> Path:
    name: str = request.param
    if name != "demo" and not (dist() / name / "MANIFEST").is_file():
        pytest.skip(f"dist/{name} is not built: `./pants package bundles/{name}:`")
    return built(name, f"bundles/{name}:")


@pytest.fixture(scope="module")
def wheelhouses(bundle: Path) -> dict[str, dict[str, str]]:
    return {path.name: wheels_in_folder(path) for path in (bundle / "wheelhouse").iterdir()}


def test_every_pex_holds_the_wheels_of_a_wheelhouse(
    bundle: Path, wheelhouses: dict[str, dict[str, str]]
) -> None:
    pexes = [wheels_in_pex(path) for path in sorted((bundle / "pex").iterdir())]
    assert sorted(map(sorted, pexes)) == sorted(map(sorted, wheelhouses.values()))
    assert all(pex in wheelhouses.values() for pex in pexes)


def test_what_a_pex_says_of_its_wheels_is_so(bundle: Path) -> None:
    for info in (bundle / "pex").glob("*/PEX-INFO"):
        assert json.loads(info.read_bytes())["distributions"] == wheels_in_pex(info.parent)


def test_the_image_holds_the_wheels_of_each_wheelhouse(
    bundle: Path, wheelhouses: dict[str, dict[str, str]]
) -> None:
    stacks = stacks_in_image(bundle / "image")
    assert set(stacks) == set(wheelhouses)
    for name, stack in stacks.items():
        assert list(differences(bundle / "wheelhouse" / name, stack))[:20] == []
