"""AgentFabric's own pages as an author and a visitor use them, in Chromium.

Upstream's page is in Chinese until its visitor chooses English, so words are looked for in both.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, expect

TIMEOUT = 300_000
"""Milliseconds for one event. The longest is a conversation that makes an agent: about 15 s on a
quiet machine with two cores."""

_LOOK = 50
"""Milliseconds between two looks at whether an event has ended."""


@contextmanager
def event(page: Page) -> Iterator[None]:
    """Waits, at the end of the block, for the end of the event that the block set off.

    gradio asks for `queue/join` for each event and is answered until the event ends. What the page
    shows may be there before: it shows a new configuration while the agents are yet to be built.
    """
    begun: list[Request] = []
    ended: list[Request] = []

    def note(request: Request) -> None:
        if "/queue/join?" in request.url:
            begun.append(request)

    def note_end(request: Request) -> None:
        ended.append(request)

    page.on("request", note)
    # The page closes the connection at the event's last message, before or after the server does.
    page.on("requestfinished", note_end)
    page.on("requestfailed", note_end)
    try:
        yield
        waited = 0
        while not begun or any(request not in ended for request in begun):
            assert waited < TIMEOUT, "the event has not ended"
            page.wait_for_timeout(_LOOK)
            waited += _LOOK
    finally:
        page.remove_listener("request", note)
        page.remove_listener("requestfinished", note_end)
        page.remove_listener("requestfailed", note_end)


def log_in(page: Page, name: str, password: str) -> None:
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("main button").click()


def tab(page: Page, name: str) -> None:
    """Opens a tab of the builder, `Create` or `Configure`."""
    page.get_by_role("button", name=f"({name})").click()


def create_input(page: Page) -> Locator:
    return page.locator(".input-content textarea").first


def chat_input(page: Page) -> Locator:
    """Where an agent is talked to: the preview of the builder, or the page of a published one."""
    return page.locator(".input-content textarea").last


def wait_until_ready(page: Page) -> None:
    """Waits until the agents of a page that was just opened are built."""
    expect(chat_input(page)).to_be_enabled(timeout=TIMEOUT)


def create(page: Page, wish: str) -> str:
    """Says something in the Create tab; returns what the builder answered, its steps included."""
    chat = page.locator(".tabitem").first
    answers = chat.locator(".message.bot").count()
    create_input(page).fill(wish)
    with event(page):
        chat.locator(".submit-button button").click()
    expect(chat.locator(".message.bot")).to_have_count(answers + 1)
    return _whole_text(chat.locator(".message.bot").last)


def field(page: Page, chinese: str, english: str) -> Locator:
    """A field of the Configure tab by its label."""
    return page.get_by_label(re.compile(rf"^\s*({chinese}|{english})\s*$"))


def describe(page: Page, name: str, description: str, instructions: str) -> None:
    """Fills the first fields of the Configure tab."""
    field(page, "名称", "Name").fill(name)
    field(page, "描述", "Description").fill(description)
    field(page, "指令", "Instructions").fill(instructions)


def tools(page: Page) -> list[str]:
    """The names (of tool_config.json) of the tools that the Configure tab offers."""
    boxes = page.locator("fieldset input[type=checkbox]")
    return [str(name) for name in boxes.evaluate_all("boxes => boxes.map(box => box.name)")]


def use_tools(page: Page, *names: str) -> None:
    """Ticks these tools and no others."""
    for name in tools(page):
        page.locator(f"fieldset input[name='{name}']").set_checked(name in names)


def upload_knowledge(page: Page, files: Iterable[Path]) -> None:
    """Uploads these files in place of those that the agent has."""
    block = page.locator(".block", has=page.locator(".file-preview")).last
    if block.is_visible():
        block.locator("button").first.click()
    chosen = list(files)
    page.locator("input[type=file][accept*='.pdf']").set_input_files(chosen)
    for file in chosen:
        expect(page.locator(f".file-preview [aria-label='{file.name}']")).to_be_visible()


def add_plugin(page: Page, schema: str) -> None:
    """Fills in the OpenAPI plugin."""
    box = page.get_by_label("Schema")
    if not box.is_visible():
        page.get_by_role("button", name="OpenAPI").click()
    box.fill(schema)


def update(page: Page) -> None:
    """Clicks 更新配置 and waits until the agents are built anew."""
    button = page.get_by_role("button", name=re.compile("更新配置|Update Configuration"))
    with event(page):
        button.click()


def ask(page: Page, question: str) -> str:
    """Asks the agent in the preview or on a published page; returns its whole answer."""
    chat = page.locator("#user_chatbot")
    asked = chat.locator(".message.user").count()
    chat_input(page).fill(question)
    with event(page):
        page.locator(".submit-button button").last.click()
    expect(chat.locator(".message.user")).to_have_count(asked + 1)
    expect(chat_input(page)).to_be_enabled()
    return _whole_text(chat.locator(".message.bot").last)


def _whole_text(message: Locator) -> str:
    """The text of a message when it has stopped growing: the page shows it letter by letter."""
    text, waited = "", 0
    while (now := message.inner_text().strip()) != text or not text:
        assert waited < TIMEOUT, f"the message has no end: {now}"
        text = now
        message.page.wait_for_timeout(700)
        waited += 700
    return text
