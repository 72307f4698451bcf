"""The bundles that are built here are those whose digests ``docs/digests.md`` publishes."""

import json
import os
from pathlib import Path

import pytest

from airgap.digests import COMMAND, PAGE, digests, parse, unlike
from tests.e2e.bundle import built, dist


@pytest.mark.parametrize("name", ["agentfabric_demo", "demo"])
def test_the_bundle_has_the_digests_that_one_should_get(name: str) -> None:
    folder = built(name, f"bundles/{name}:")
    receipt = next(
        path
        for path in (Path.cwd() / f"{name}.receipt", dist() / f"{name}.receipt")
        if path.is_file()
    )
    root = Path(os.environ.get("ROOT", os.getcwd()))
    found = digests(folder, json.loads(receipt.read_bytes()), root)
    wrong = unlike(parse(Path(PAGE).read_text("utf-8")).get(name), found)
    assert not wrong, "\n".join([*wrong, f"Where this is meant: {COMMAND} dist/{name}"])
