"""Who is too many is told so, and nothing breaks: 600 ask at once, on the page and by the API.

What was measured is printed, and is in dist/e2e/load.json.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.e2e.bundle import Bundle, dist
from tests.e2e.callers import Reply, chat
from tests.e2e.chatters import Answer, Chatter
from tests.e2e.demo import AGENT, MODEL, PAGE_URL, SERVER, SERVER_URL
from tests.e2e.waiting import until

TOO_MANY = 600
QUESTION = "What is the door code of the boat house?"


class Crowd:
    """People who do something at the same time, each in a thread.

    Attributes:
        done: What each did returned, in the order in which it was done.
        failed: What went wrong.
    """

    def __init__(self) -> None:
        self.done: list[Answer | Reply] = []
        self.failed: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def send(self, person: Callable[[], Iterator[Answer | Reply]]) -> None:
        def run() -> None:
            try:
                for done in person():
                    self.done.append(done)
            except BaseException as error:
                self.failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def gather(self) -> None:
        for thread in self._threads:
            thread.join()
        assert not self.failed, (len(self.failed), self.failed[:3])

    @property
    def waits(self) -> dict[str, float]:
        """Seconds until an answer began: of half of all, of 95 %, of the last."""
        waited = sorted(done.waited for done in self.done if not done.busy)
        at = {"p50": len(waited) // 2, "p95": len(waited) * 95 // 100, "max": -1}
        return {name: round(waited[index], 1) for name, index in at.items()}


@contextmanager
def as_before(bundle: Bundle) -> Iterator[None]:
    """The containers run on: none was started again, none was killed for its memory."""

    def state() -> list[object]:
        found = [bundle.inspect(name) for name in (SERVER, AGENT)]
        return [(each["RestartCount"], each["State"]["StartedAt"]) for each in found]

    before = state()
    yield
    assert state() == before


def told(**figures: object) -> None:
    """Prints figures and adds them to those of the run."""
    path = dist() / "e2e" / "load.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, **figures}, indent=1, ensure_ascii=False))
    print(json.dumps(figures, ensure_ascii=False))


def all_at_once(people: Sequence[Callable[[], Answer | Reply]]) -> Crowd:
    """Returns before they are done."""
    crowd = Crowd()
    ready = threading.Barrier(len(people))

    def one(person: Callable[[], Answer | Reply]) -> Iterator[Answer | Reply]:
        ready.wait()
        yield person()

    for person in people:
        crowd.send(partial(one, person))
    return crowd


def test_too_many_on_the_page_are_told_so(served: Bundle) -> None:
    pages = [Chatter(PAGE_URL, ("en", "zh")[number % 2]) for number in range(TOO_MANY)]
    with as_before(served):
        crowd = all_at_once([partial(page.ask, QUESTION) for page in pages])
        crowd.gather()
    answers = [done for done in crowd.done if isinstance(done, Answer)]
    busy = [answer for answer in answers if answer.busy]
    assert not [answer for answer in answers if answer.failed and not answer.busy]
    assert busy
    told(
        page_too_many={
            "answered": len(answers) - len(busy),
            "busy": len(busy),
            "busy after": max(answer.seconds for answer in busy),
            "waits": crowd.waits,
        }
    )
    assert len(answers) - len(busy) > 64
    for page in pages[1:]:
        page.close()
    # And then all is as it was.
    answer = pages[0].ask(QUESTION)
    assert not answer.failed
    assert answer.places == []
    pages[0].close()


def test_too_many_at_the_api_are_told_so(served: Bundle) -> None:
    messages = [{"role": "user", "content": "Tell me about France."}]

    def call() -> Reply:
        return chat(SERVER_URL, MODEL, messages)

    pages = [Chatter(PAGE_URL) for _ in range(8)]
    with as_before(served):
        crowd = all_at_once([call] * TOO_MANY)
        until(lambda: any(done.busy for done in crowd.done), 60)
        visitors = all_at_once([partial(page.ask, QUESTION) for page in pages])
        visitors.gather()
        crowd.gather()
    # The page asks the same server, and says that it is busy.
    answers = [done for done in visitors.done if isinstance(done, Answer)]
    assert not [answer for answer in answers if answer.failed and not answer.busy]
    assert [answer for answer in answers if answer.busy]
    for page in pages:
        page.close()
    replies = [done for done in crowd.done if isinstance(done, Reply)]
    busy = [reply for reply in replies if reply.busy]
    assert all(reply.status == 200 and reply.whole for reply in replies if not reply.busy)
    assert busy
    told(
        api_too_many={
            "answered": len(replies) - len(busy),
            "busy": len(busy),
            "busy after": max(reply.seconds for reply in busy),
            "waits": crowd.waits,
        }
    )
    assert len(replies) - len(busy) > 64
    reply = call()
    assert reply.whole
    assert reply.waited < 30
