"""All that operators and authors do, with every packet that leaves lost and recorded.

What was tried is written to dist/e2e: `connections.log`, a line a packet, and `browser.log`, a line
for each address of another host. Both are empty. Named so that it runs before the bundle is up for
the other tests.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page

from airgap.store import Store
from tests.e2e.agentfabric_demo.documents import FACTS
from tests.e2e.agentfabric_demo.fabric import BOT_URL, BUILDER_URL, FIRST, LANDMARK, Fabric
from tests.e2e.agentfabric_demo.later import later
from tests.e2e.builder_page import (
    ask,
    create,
    describe,
    tab,
    update,
    upload_knowledge,
    use_tools,
)
from tests.e2e.bundle import Bundle, dist
from tests.e2e.intranet import Seen
from tests.e2e.visits import Visits, visits_of


class Traveller:
    """One who is operator and author, with all pages that they open."""

    def __init__(self, fabric: Fabric, browser: Browser) -> None:
        self.fabric = fabric
        self._browser = browser
        self._visits: list[Visits] = []

    @property
    def asked_outside(self) -> list[str]:
        return [each for visits in self._visits for each in visits.asked_outside]

    @contextmanager
    def page(self, address: str) -> Iterator[Page]:
        with visits_of(self._browser, address, LANDMARK) as visits:
            self._visits.append(visits)
            yield self.fabric.enter(visits)

    def knows(self, address: str) -> None:
        """The agent's page at this address answers from the knowledge."""
        with self.page(address) as page:
            assert FACTS[0].answer in ask(page, FACTS[0].question)


def test_nothing_is_sent_outside_from_the_first_check_to_the_last_down(
    fabric_folder: Path, docker_host: str, browser: Browser, outside: Seen, tmp_path: Path
) -> None:
    before = len(outside.packets())
    state = tmp_path / "状态 state"
    environ = {"DOCKER_HOST": docker_host, "AIRGAP_STATE_DIR": str(state)}
    traveller = Traveller(Fabric(Bundle(fabric_folder, environ), state, "", ""), browser)
    try:
        journey(traveller, tmp_path)
    finally:
        traveller.fabric.airgap("down")
        packets = [" ".join(map(str, packet)) for packet in outside.packets()[before:]]
        log("connections.log", packets)
        log("browser.log", traveller.asked_outside)
    assert (packets, traveller.asked_outside) == ([], [])


def journey(traveller: Traveller, folder: Path) -> None:
    fabric = traveller.fabric
    assert json.loads(fabric.airgap("check", "--json"))["can_run"]
    fabric.airgap("verify")
    said = fabric.airgap("up")
    found = re.search(rf"log in as +{FIRST} +password +(\S+)", said)
    assert found, said
    traveller.fabric = replace(fabric, said=said, password=found[1])
    assert fabric.airgap("chat", "Hello").strip()
    fabric.airgap("smoke")
    build_an_agent(traveller, folder)
    fabric.airgap("publish", "harbour")
    traveller.knows(BOT_URL)
    fabric.airgap("restart", "agentfabric")
    traveller.knows(BUILDER_URL)
    newer = replace(fabric.bundle, folder=folder / "later" / fabric.bundle.folder.name)
    later(fabric.bundle.folder, newer.folder, Store(folder / "store"))
    upgraded = replace(fabric, bundle=newer)
    upgraded.airgap("up")
    traveller.knows(BOT_URL)
    upgraded.airgap("rollback")
    traveller.knows(BOT_URL)
    fabric.airgap("unpublish", "harbour")


def build_an_agent(traveller: Traveller, folder: Path) -> None:
    paper = folder / FACTS[0].file
    paper.write_text("\n\n".join(FACTS[0].text))
    with traveller.page(BUILDER_URL) as page:
        assert "Config Updated" in create(page, "Please make an English teacher for children.")
        tab(page, "Configure")
        describe(page, "Harbour", "", "Answer in English, in one sentence, from the knowledge.")
        use_tools(page)
        upload_knowledge(page, [paper])
        update(page)
        assert FACTS[0].answer in ask(page, FACTS[0].question)


def log(name: str, lines: list[str]) -> None:
    folder = dist() / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
