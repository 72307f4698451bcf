"""A published agent: beside the builder, without it, and after everything was down.

These tests use what those before them left, in this order.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.agentfabric_demo.documents import FACTS
from tests.e2e.agentfabric_demo.fabric import (
    BOT_URL,
    BUILDER_URL,
    FIRST,
    LANDMARK,
    Fabric,
)
from tests.e2e.builder_page import (
    ask,
    describe,
    field,
    log_in,
    tab,
    update,
    upload_knowledge,
    use_tools,
)
from tests.e2e.visits import Visits, picture, visits_of

pytestmark = pytest.mark.usefixtures("silence")

NAME = "Harbour Desk"


@pytest.fixture(scope="module")
def configured(fabric: Fabric, browser: Browser, papers: list[Path]) -> None:
    """The first account's agent knows the papers."""
    with visits_of(browser, BUILDER_URL, LANDMARK) as visits:
        page = fabric.enter(visits)
        tab(page, "Configure")
        instructions = "Answer in English, in one sentence, from the knowledge."
        describe(page, NAME, "Answers questions about Larkmoor harbour.", instructions)
        use_tools(page)
        upload_knowledge(page, papers)
        update(page)


@pytest.fixture(scope="module")
def published(fabric: Fabric, configured: None) -> str:
    """What ``airgap publish`` said of the agent of the first account."""
    return fabric.airgap("publish", "harbour")


def test_publish_says_where_the_agent_is(published: str) -> None:
    assert BOT_URL in published
    assert "harbour" in published


def test_the_published_agent_answers(fabric: Fabric, published: str, bot_visits: Visits) -> None:
    page = fabric.enter(bot_visits)
    expect(page.locator(".bot_name")).to_have_text(NAME)
    assert FACTS[0].answer in ask(page, FACTS[0].question)
    picture(page, "agentfabric-published")


def test_it_goes_on_while_the_builder_is_stopped(
    fabric: Fabric, published: str, bot_visits: Visits
) -> None:
    fabric.airgap("stop", "agentfabric")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(BUILDER_URL, timeout=10)
    page = fabric.enter(bot_visits)
    assert FACTS[1].answer in ask(page, FACTS[1].question)


def test_another_is_served_by_agent_runner_beside_it(
    fabric: Fabric, published: str, browser: Browser
) -> None:
    said = fabric.airgap("publish", "second", "--runner")
    address = "http://127.0.0.1:7866/"
    assert address in said
    with visits_of(browser, address, LANDMARK) as visits:
        page = visits.open()
        log_in(page, FIRST, fabric.password)
        expect(page.locator("#question textarea")).to_be_visible(timeout=60_000)
        expect(page).to_have_title(NAME)
    urllib.request.urlopen(BOT_URL, timeout=60).close()
    fabric.airgap("unpublish", "second")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=10)


def test_nothing_is_lost_when_all_was_down(
    fabric: Fabric, published: str, visits: Visits, browser: Browser
) -> None:
    before = fabric.files()
    assert before
    fabric.airgap("down")
    assert fabric.bundle.left() == ("bridge", "host", "none")
    fabric.airgap("up")
    assert fabric.files() == before
    page = fabric.enter(visits)
    tab(page, "Configure")
    expect(field(page, "名称", "Name")).to_have_value(NAME)
    for fact in FACTS:
        expect(page.locator(f".file-preview [aria-label='{fact.file}']")).to_be_visible()
    assert FACTS[2].answer in ask(page, FACTS[2].question)
    with visits_of(browser, BOT_URL, LANDMARK) as bots:
        assert FACTS[3].answer in ask(fabric.enter(bots), FACTS[3].question)


def test_an_agent_is_carried_in_a_folder(fabric: Fabric, configured: None, tmp_path: Path) -> None:
    fabric.airgap("export", str(tmp_path / "agent"))
    fabric.airgap("import", str(tmp_path / "agent"), "--to", "visitor")
    own, other = (
        json.loads((fabric.accounts / account / "builder_config.json").read_text())
        for account in (FIRST, "visitor")
    )
    assert own["name"] == other["name"] == NAME
    assert len(other["knowledge"]) == len(FACTS)
    for fact in FACTS:
        assert (fabric.accounts / "visitor" / fact.file).is_file()


def test_an_agent_is_withdrawn(fabric: Fabric, published: str) -> None:
    fabric.airgap("unpublish", "harbour")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(BOT_URL, timeout=10)
