"""A later build of the bundle in place of the one before, and back.

Named so that it runs before the demo's own model server takes the port.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from airgap.store import Store
from tests.e2e.agentfabric_demo.documents import FACTS
from tests.e2e.agentfabric_demo.fabric import BUILDER, BUILDER_URL, LANDMARK, Fabric
from tests.e2e.agentfabric_demo.later import MARK, later
from tests.e2e.builder_page import ask, describe, field, tab, update, upload_knowledge, use_tools
from tests.e2e.bundle import Bundle
from tests.e2e.visits import Visits, visits_of

pytestmark = pytest.mark.usefixtures("silence")

BOT = "airgap-agentfabric_demo-agent-quay"
NAME = "Quay Desk"


@pytest.fixture(scope="module")
def upgraded(
    fabric: Fabric,
    fabric_folder: Path,
    browser: Browser,
    papers: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Fabric, str]]:
    """The bundle's later build while it is up, and its image; an agent was published before."""
    with visits_of(browser, BUILDER_URL, LANDMARK) as visits:
        page = fabric.enter(visits)
        tab(page, "Configure")
        describe(page, NAME, "", "Answer in English, in one sentence, from the knowledge.")
        use_tools(page)
        upload_knowledge(page, papers[:1])
        update(page)
    fabric.airgap("publish", "quay")
    folder = tmp_path_factory.mktemp("later") / "agentfabric_demo"
    before = fabric.files()
    image = later(fabric_folder, folder, Store(folder.with_name("store")))
    newer = replace(fabric, bundle=Bundle(folder, fabric.bundle.environ))
    try:
        newer.airgap("up")
        assert fabric.files() == before
        yield newer, image
    finally:
        fabric.airgap("up")
        fabric.airgap("unpublish", "quay")


def test_its_containers_are_made_anew(upgraded: tuple[Fabric, str]) -> None:
    fabric, image = upgraded
    for container in (BUILDER, BOT):
        assert fabric.bundle.inspect(container)["Config"]["Image"] == image
        fabric.bundle.docker("exec", container, "ls", f"/{MARK}")


def test_login_agent_and_knowledge_are_kept(upgraded: tuple[Fabric, str], visits: Visits) -> None:
    fabric, _ = upgraded
    page = fabric.enter(visits)
    tab(page, "Configure")
    expect(field(page, "名称", "Name")).to_have_value(NAME)
    expect(page.locator(f".file-preview [aria-label='{FACTS[0].file}']")).to_be_visible()
    assert FACTS[0].answer in ask(page, FACTS[0].question)


def test_the_published_agent_is_kept(upgraded: tuple[Fabric, str], bot_visits: Visits) -> None:
    page = upgraded[0].enter(bot_visits)
    expect(page.locator(".bot_name")).to_have_text(NAME)
    assert FACTS[0].answer in ask(page, FACTS[0].question)


def test_the_build_before_comes_back(
    upgraded: tuple[Fabric, str], fabric: Fabric, bot_visits: Visits
) -> None:
    before = fabric.files()
    fabric.airgap("up")
    assert fabric.files() == before
    for container in (BUILDER, BOT):
        assert fabric.bundle.inspect(container)["Config"]["Image"] != upgraded[1]
    assert FACTS[0].answer in ask(fabric.enter(bot_visits), FACTS[0].question)
