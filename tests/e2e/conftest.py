"""One network, one Docker daemon and one server for all tests of the built demo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import needs
from tests.e2e.bundle import Bundle
from tests.e2e.daemon import Daemon, docker_daemon
from tests.e2e.demo import PAGE_URL, built_demo
from tests.e2e.intranet import Seen, intranet
from tests.e2e.visits import Visits, chromium, visits_of


@pytest.fixture(scope="session")
def demo_folder() -> Path:
    return built_demo()


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    needs.root()
    with intranet(tmp_path_factory.mktemp("intranet")) as seen:
        yield seen


@pytest.fixture(scope="session")
def docker(outside: Seen) -> Iterator[Daemon]:
    with docker_daemon() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def docker_host(docker: Daemon) -> str:
    return docker.host


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "状态 folder"


@pytest.fixture(scope="session")
def demo(demo_folder: Path, docker_host: str, state: Path) -> Bundle:
    """The bundle with a daemon to run on; nothing of it is up."""
    return Bundle(demo_folder, {"DOCKER_HOST": docker_host, "AIRGAP_STATE_DIR": str(state)})


@pytest.fixture(scope="session")
def first_up(demo: Bundle) -> str:
    """What the first ``airgap up`` said, on a Docker that had no image."""
    done = demo.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def served(demo: Bundle, first_up: str) -> Bundle:
    """The bundle while it is up."""
    return demo


@pytest.fixture(scope="session")
def browser(outside: Seen) -> Iterator[Browser]:
    """A browser on the intranet."""
    # Milliseconds. How soon a page shows something depends on what else the machine does.
    expect.set_options(timeout=30_000)
    with chromium() as started:
        yield started


@pytest.fixture
def visits(served: Bundle, browser: Browser) -> Iterator[Visits]:
    """Visitors of the demo's page, of which none may have asked another host for anything."""
    with visits_of(browser, PAGE_URL, "#question textarea") as visits:
        yield visits
