"""Visitors of a page, in Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserType,
    Page,
    Route,
    ViewportSize,
    sync_playwright,
)

from tests.e2e.bundle import dist
from tests.e2e.needs import program

# The browser itself must not look for a network either.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-component-update"
    " --disable-background-networking --disable-sync"
)
# What it asks for nevertheless, so that nothing but a page is seen to look for a name.
_ITS_OWN = (
    *("*.google.com", "*.gvt1.com", "*-pa.googleapis.com"),
    *("update.googleapis.com", "content-autofill.googleapis.com"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; one at a time, see `another`."""
    with sync_playwright() as playwright, _started(playwright.chromium) as browser:
        yield browser


@contextmanager
def another(browser: Browser) -> Iterator[Browser]:
    """One more browser beside ``browser``, with processes and connections of its own."""
    with _started(browser.browser_type) as started:
        yield started


@contextmanager
def _started(kind: BrowserType) -> Iterator[Browser]:
    names = ",".join(f"MAP {name} ~NOTFOUND" for name in _ITS_OWN)
    flags = [*_FLAGS.split(), f"--host-resolver-rules={names}"]
    with kind.launch(executable_path=program("chromium"), args=flags) as browser:
        yield browser


class Visits:
    """Visitors, each with a browser profile of their own.

    Attributes:
        requests: The address of everything that their pages asked for.
    """

    def __init__(self, browser: Browser, address: str, landmark: str) -> None:
        self._browser = browser
        self._address = address
        self._landmark = landmark
        self.requests: list[str] = []

    @property
    def asked_outside(self) -> list[str]:
        """What they asked another host for, even where the page's policy refused it."""
        own = (self._address, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]

    def open(self, locale: str = "en-US", width: int = 1100, height: int = 800) -> Page:
        viewport = ViewportSize(width=width, height=height)
        page = self._browser.new_context(locale=locale, viewport=viewport).new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self._address, timeout=60_000)
        page.locator(self._landmark).first.wait_for(timeout=60_000)
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


@contextmanager
def visits_of(browser: Browser, address: str, landmark: str) -> Iterator[Visits]:
    """Visitors of the page at ``address``, of which none may have asked another host.

    The page is there when ``landmark``, a CSS selector, can be seen.
    """
    visits = Visits(browser, address, landmark)
    yield visits
    visits.close()
    assert visits.requests
    assert visits.asked_outside == []


def lose_files(page: Page) -> list[str]:
    """Has the page lose three of its files, each once; they are listed when they are asked for."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if len(lost) < 3 and route.request.url not in lost:
            lost.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/assets/*Index-*.*", lose)
    return lost


def picture(page: Page, name: str) -> None:
    """Saves what the visitor sees, when movements have ended, as dist/e2e/<name>.png."""
    folder = dist() / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(500)
    page.screenshot(path=Path(folder, f"{name}.png"))
