"""Processes of what is up are killed while they answer: what came stays, and all comes back."""

import os
import signal
import threading
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.bundle import Bundle
from tests.e2e.callers import Reply, chat
from tests.e2e.chat_page import ANSWER_TIMEOUT, answer_of, ask
from tests.e2e.demo import AGENT, MODEL, SERVER, SERVER_URL
from tests.e2e.visits import Visits, picture
from tests.e2e.waiting import until

LONG = "Tell me a long story about the harbour of Larkmoor and its ships."
BEGUN = 40
"""Characters of an answer that have come before anything is killed."""


def container(bundle: Bundle, name: str) -> int:
    # What `docker kill` ends Docker does not start again: somebody wanted it so.
    return int(bundle.inspect(name)["State"]["Pid"])


def engine(bundle: Bundle) -> int:
    """The process of the model server that computes, and not the one that is asked."""
    _, *processes = bundle.docker("top", SERVER, "-eo", "pid,args").splitlines()
    (line,) = (line for line in processes if "EngineCore" in line)
    return int(line.split()[0])


def server(bundle: Bundle) -> int:
    return container(bundle, SERVER)


def begin(page: Page) -> str:
    """Asks, and returns the beginning of the answer as soon as it is there."""
    ask(page, LONG)
    page.wait_for_function(
        """characters => {
          const said = [...document.querySelectorAll("#chat .message.bot")].at(-1);
          return said !== undefined && said.innerText.trim().length > characters;
        }""",
        arg=BEGUN,
        timeout=ANSWER_TIMEOUT,
    )
    return page.locator("#chat .message.bot").last.inner_text().strip()[:BEGUN]


def answers_again(bundle: Bundle, name: str, restarts: int) -> None:
    """Waits until Docker has started the container again and all that is up answers."""

    def there() -> bool:
        again = bundle.inspect(name)["RestartCount"] > restarts
        return again and bundle.airgap("status").returncode == 0

    until(there, 300)


@pytest.mark.parametrize("killed", [engine, server])
def test_what_came_of_an_answer_stays_and_the_server_comes_back(
    served: Bundle, visits: Visits, killed: Callable[[Bundle], int]
) -> None:
    restarts = served.inspect(SERVER)["RestartCount"]
    page = visits.open()
    replies: list[Reply] = []
    messages = [{"role": "user", "content": LONG}]
    program = threading.Thread(target=lambda: replies.append(chat(SERVER_URL, MODEL, messages)))
    program.start()
    began = begin(page)
    os.kill(killed(served), signal.SIGKILL)

    shown = page.locator("#chat")
    expect(shown).to_contain_text("⚠️ The answer broke off", timeout=ANSWER_TIMEOUT)
    assert began in shown.inner_text()
    picture(page, f"killed-{killed.__name__}")
    # The program is not left to wait, and sees that what it has is not whole.
    program.join(60)
    (reply,) = replies
    assert not reply.whole

    answers_again(served, SERVER, restarts)
    ask(page, "What is the door code of the boat house?")
    assert "7294" in answer_of(page)


def test_a_killed_page_comes_back(served: Bundle, visits: Visits) -> None:
    restarts = served.inspect(AGENT)["RestartCount"]
    page = visits.open()
    begin(page)
    os.kill(container(served, AGENT), signal.SIGKILL)

    answers_again(served, AGENT, restarts)
    picture(page, "killed-page")
    page.reload()
    page.locator("#question textarea").wait_for()
    ask(page, "What is the door code of the boat house?")
    assert "7294" in answer_of(page)
