"""The bundle agentfabric_demo, up while the tests of this folder run."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.agentfabric_demo import documents
from tests.e2e.agentfabric_demo.fabric import BOT_URL, BUILDER, BUILDER_URL, FIRST, LANDMARK, Fabric
from tests.e2e.bundle import Bundle, built
from tests.e2e.intranet import Seen
from tests.e2e.visits import Visits, visits_of


@pytest.fixture(scope="package")
def fabric_folder() -> Path:
    """The built bundle; skips where AgentFabric's source could not be had."""
    return built("agentfabric_demo", "bundles/agentfabric_demo:")


@pytest.fixture(scope="package")
def fabric(
    fabric_folder: Path, docker_host: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fabric]:
    state = tmp_path_factory.mktemp("agentfabric") / "状态 folder"
    bundle = Bundle(fabric_folder, {"DOCKER_HOST": docker_host, "AIRGAP_STATE_DIR": str(state)})
    done = bundle.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(rf"log in as +{FIRST} +password +(\S+)", done.stdout)
    assert found, done.stdout
    yield Fabric(bundle, state, done.stdout, found[1])
    bundle.airgap("down")


@pytest.fixture
def silence(outside: Seen) -> Iterator[None]:
    """Nothing reaches the machine outside: not from a container, not from the browser."""
    before = len(outside.packets())
    yield
    assert outside.packets()[before:] == []


@pytest.fixture
def visits(fabric: Fabric, browser: Browser) -> Iterator[Visits]:
    """Visitors of the builder's page."""
    with visits_of(browser, BUILDER_URL, LANDMARK) as visits:
        yield visits


@pytest.fixture
def bot_visits(fabric: Fabric, browser: Browser) -> Iterator[Visits]:
    """Visitors of the page of the first agent that was published."""
    with visits_of(browser, BOT_URL, LANDMARK) as visits:
        yield visits


@pytest.fixture(scope="package")
def papers(
    fabric: Fabric, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """A document of each kind that an agent takes as knowledge."""
    return documents.write(tmp_path_factory.mktemp("papers"), browser, fabric.bundle, BUILDER)
