"""Building an agent in the builder's page, with the real model."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.agentfabric_demo.documents import FACTS
from tests.e2e.agentfabric_demo.fabric import FIRST, Fabric
from tests.e2e.builder_page import (
    ask,
    create,
    describe,
    field,
    tab,
    tools,
    update,
    upload_knowledge,
    use_tools,
)
from tests.e2e.visits import Visits, picture

pytestmark = pytest.mark.usefixtures("silence")

NAME = "Harbour Desk"
DESCRIPTION = "Answers questions about Larkmoor harbour."
INSTRUCTIONS = "Answer in English, in one sentence, from the knowledge."


def saved(fabric: Fabric) -> Any:
    """The configuration of the first account's agent, where the original guide says it is."""
    return json.loads((fabric.accounts / FIRST / "builder_config.json").read_text())


def test_a_conversation_makes_an_agent(fabric: Fabric, visits: Visits) -> None:
    page = fabric.enter(visits)
    assert saved(fabric)["name"] == ""
    said = create(page, "Please make an English teacher for children.")
    assert "Config Updated" in said
    picture(page, "agentfabric-create")
    config = saved(fabric)
    assert config["name"]
    assert config["description"]
    assert config["instruction"]
    expect(page.locator(".bot_name")).to_have_text(config["name"])
    tab(page, "Configure")
    expect(field(page, "名称", "Name")).to_have_value(config["name"])


def test_what_is_configured_is_saved(fabric: Fabric, visits: Visits) -> None:
    page = fabric.enter(visits)
    tab(page, "Configure")
    describe(page, NAME, DESCRIPTION, INSTRUCTIONS)
    # The others need the internet.
    assert tools(page) == ["code_interpreter"]
    use_tools(page, "code_interpreter")
    update(page)
    expect(page.locator(".bot_name")).to_have_text(NAME)
    config = saved(fabric)
    assert (config["name"], config["description"]) == (NAME, DESCRIPTION)
    assert config["instruction"] == INSTRUCTIONS
    assert config["tools"]["code_interpreter"]["use"] is True
    picture(page, "agentfabric-configure")

    again = fabric.enter(visits)
    tab(again, "Configure")
    expect(field(again, "指令", "Instructions")).to_have_value(INSTRUCTIONS)


def test_without_knowledge_the_model_does_not_know_it(fabric: Fabric, visits: Visits) -> None:
    page = fabric.enter(visits)
    tab(page, "Configure")
    describe(page, NAME, DESCRIPTION, INSTRUCTIONS)
    use_tools(page)
    update(page)
    assert FACTS[0].answer not in ask(page, FACTS[0].question)


def test_every_kind_of_document_is_known(
    fabric: Fabric, visits: Visits, papers: list[Path]
) -> None:
    page = fabric.enter(visits)
    tab(page, "Configure")
    describe(page, NAME, DESCRIPTION, INSTRUCTIONS)
    use_tools(page)
    upload_knowledge(page, papers)
    update(page)
    own = fabric.accounts / FIRST
    assert {path.name for path in own.iterdir()} >= {paper.name for paper in papers}
    assert [Path(path).name for path in saved(fabric)["knowledge"]] == [f.file for f in FACTS]
    picture(page, "agentfabric-knowledge")
    answers = {fact.file: ask(page, fact.question) for fact in FACTS}
    picture(page, "agentfabric-preview")
    assert [fact.file for fact in FACTS if fact.answer not in answers[fact.file]] == [], answers


def test_the_page_speaks_english(fabric: Fabric, visits: Visits) -> None:
    page = fabric.enter(visits)
    tab(page, "Configure")
    page.get_by_label("Dropdown").first.click()
    page.get_by_role("option", name="English").click()
    expect(field(page, "名称", "Name")).to_be_visible()
    expect(page.get_by_role("button", name="Update Configuration")).to_be_visible()
    picture(page, "agentfabric-english")
