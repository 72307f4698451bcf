"""What an agent does beside answering: running code, and asking a service of the intranet.

The model calls a tool under a grammar alone, as it is small. So a forwarder stands before it, and
the bundle is told to use that: the demo's server behind it is one that the intranet already has.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.agentfabric.constrain import constrained
from tests.e2e.agentfabric_demo.fabric import MODEL, Fabric
from tests.e2e.builder_page import add_plugin, ask, describe, tab, update, use_tools
from tests.e2e.demo import SERVER_URL
from tests.e2e.intranet import ALLOWED_PORT, FORBIDDEN_PORT, HIGH_WATER, HOST, OUTSIDE, Seen
from tests.e2e.visits import Visits, picture

PLOT = (
    r"Action: code_interpreter\nAction Input: "
    r'\{"code": "import matplotlib\.pyplot as plt\\n'
    r"plt\.plot\(\[[1-9], [1-9], [1-9], [1-9]\]\)\\nplt\.title\('潮汐'\)\\nplt\.show\(\)\"\}"
)
TIDES = r'Action: tide_table\nAction Input: \{"harbour": "[A-Z][a-z]{3,12}"\}'
SCHEMA = """\
openapi: 3.0.0
info:
  title: Tides
  version: "1"
  description: Tells when the water is high in a harbour.
servers:
  - url: http://{host}:{port}
paths:
  /tides:
    get:
      summary: tide_table
      operationId: tides
      parameters:
        - name: harbour
          in: query
          description: The name of the harbour.
          required: true
          type: string
          schema:
            type: string
"""


@pytest.fixture(scope="module")
def server(fabric: Fabric, request: pytest.FixtureRequest) -> str:
    """The demo's model server, in place of the bundle's own."""
    fabric.airgap("down")
    request.getfixturevalue("served")
    return f"{SERVER_URL}/v1"


@contextmanager
def answering(fabric: Fabric, server: str, regex: str) -> Iterator[None]:
    """The bundle is up, and the first turn of each answer matches ``regex``."""
    with constrained(server, regex, HOST) as address:
        fabric.airgap(
            "up",
            AIRGAP_LLM_URL=address,
            AIRGAP_LLM_MODEL=MODEL,
            AIRGAP_ALLOW=f"{OUTSIDE}:{ALLOWED_PORT}",
        )
        yield


def page_with(fabric: Fabric, visits: Visits, *names: str, plugin: str = "") -> Page:
    """The page of an agent that has these tools."""
    page = fabric.enter(visits)
    tab(page, "Configure")
    describe(page, "Harbour Desk", "Tells about the harbour.", "Use your tools.")
    use_tools(page, *names)
    if plugin:
        add_plugin(page, plugin)
    update(page)
    return page


@pytest.mark.usefixtures("silence")
def test_a_plot_comes_back(fabric: Fabric, server: str, visits: Visits) -> None:
    with answering(fabric, server, PLOT):
        page = page_with(fabric, visits, "code_interpreter")
        assert fabric.kernels() == 0
        ask(page, "Draw the tides of today.")
        page.get_by_role("button", name="完成调用").first.click()
        plot = page.locator("#user_chatbot .message.bot img[src*='/file=']")
        expect(plot).to_be_visible()
        assert plot.evaluate("image => image.naturalWidth") > 100
        picture(page, "agentfabric-plot")
        assert fabric.kernels() == 1
        page.close()
        deadline = time.monotonic() + 120
        while fabric.kernels() and time.monotonic() < deadline:
            time.sleep(1)
        assert fabric.kernels() == 0


def test_a_service_that_is_allowed_is_asked(
    fabric: Fabric, server: str, visits: Visits, outside: Seen
) -> None:
    with answering(fabric, server, TIDES):
        page = page_with(fabric, visits, plugin=SCHEMA.format(host=OUTSIDE, port=ALLOWED_PORT))
        before = len(outside.packets())
        ask(page, "When is high water in Larkmoor?")
        page.get_by_role("button", name="完成调用").first.click()
        answer = page.locator("#user_chatbot .message.bot").last
        expect(answer).to_contain_text(HIGH_WATER)
        picture(page, "agentfabric-plugin")
        assert {packet.port for packet in outside.packets()[before:]} == {ALLOWED_PORT}


@pytest.mark.usefixtures("silence")
def test_no_other_service_can_be_asked(fabric: Fabric, server: str, visits: Visits) -> None:
    with answering(fabric, server, TIDES):
        page = page_with(fabric, visits, plugin=SCHEMA.format(host=OUTSIDE, port=FORBIDDEN_PORT))
        ask(page, "When is high water in Larkmoor?")
        page.get_by_role("button", name="完成调用").first.click()
        answer = page.locator("#user_chatbot .message.bot").last
        expect(answer).to_contain_text(f"{OUTSIDE}:{FORBIDDEN_PORT}")
        expect(answer).not_to_contain_text(HIGH_WATER)
        assert f"{OUTSIDE}:{FORBIDDEN_PORT}" in fabric.airgap("logs", "allow")
