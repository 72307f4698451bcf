"""The chat page as a visitor uses it, in Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.demo import PAGE_URL, dist
from tests.e2e.needs import program

ANSWER_TIMEOUT = 120_000
"""Milliseconds; the demo's longest answer takes about 20 s on a quiet machine with two cores."""

# The browser itself must not look for a network either.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-component-update"
    " --disable-background-networking --disable-sync"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS.split())
        yield browser
        browser.close()


class Visits:
    """Visitors of the page, each with a browser profile of their own.

    Attributes:
        requests: The address of everything that their pages asked for.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.requests: list[str] = []

    def open(self, locale: str = "en-US") -> Page:
        context = self._browser.new_context(locale=locale, viewport={"width": 1100, "height": 800})
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(PAGE_URL, timeout=60_000)
        expect(page.locator("#question textarea")).to_be_visible(timeout=60_000)
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    # With the question, the box stops taking another one: answer_of() waits for that to end.
    expect(page.locator("#chat .message.user").last).to_have_text(question)


def answer_of(page: Page) -> str:
    """Waits for the answer's end, when the box takes questions again; returns its text."""
    expect(page.locator("#question .submit-button")).to_be_visible(timeout=ANSWER_TIMEOUT)
    return page.locator("#chat .message.bot").last.inner_text().strip()


def picture(page: Page, name: str) -> None:
    """Saves what the visitor sees, when movements have ended, as dist/e2e/<name>.png."""
    folder = dist() / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(500)
    page.screenshot(path=Path(folder, f"{name}.png"))
