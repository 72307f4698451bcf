"""64 chat for ten minutes, on the page and by the API; of 600 at once many are told to come again.

What was measured is printed, and is in dist/e2e/load.json.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.e2e.bundle import Bundle, dist
from tests.e2e.callers import Reply, chat
from tests.e2e.chatters import Answer, Chatter
from tests.e2e.demo import AGENT, MODEL, PAGE_URL, SERVER, SERVER_URL
from tests.e2e.waiting import until

PEOPLE = 64
SECONDS = 600
TOO_MANY = 600
QUESTION = "What is the door code of the boat house?"
QUESTIONS = (
    QUESTION,
    "When does the last ferry leave Larkmoor?",
    "Who may open the boat house?",
    "Tell me about the harbour.",
)


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

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

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


def memory(bundle: Bundle) -> dict[str, int]:
    """What the processes of each container have for themselves, in MiB."""

    def own(pid: str) -> int:
        status = Path("/proc", pid, "status").read_text()
        (anonymous,) = re.findall(r"^RssAnon:\s+(\d+) kB$", status, re.M)
        return int(anonymous)

    def of(name: str) -> int:
        _, *pids = bundle.docker("top", name, "-eo", "pid").split()
        return sum(map(own, pids)) >> 10

    return {name: of(name) for name in (SERVER, AGENT)}


def watched(bundle: Bundle, crowd: Crowd) -> dict[str, list[int]]:
    """Gathers the crowd; the memory of each container, a value for each half minute."""
    samples: dict[str, list[int]] = {SERVER: [], AGENT: []}
    while crowd.busy:
        for name, size in memory(bundle).items():
            samples[name].append(size)
        time.sleep(30)
    crowd.gather()
    return samples


def expect_flat(samples: dict[str, list[int]]) -> None:
    """What they had before the first third of the time was over, they have to the end."""
    for name, sizes in samples.items():
        first = len(sizes) // 3
        # vLLM keeps what it made for each size of a batch, of which there are more and more for
        # some twenty minutes: bench/RESULTS.md.
        most = {SERVER: 1.15, AGENT: 1.05}[name]
        assert max(sizes[first:]) < most * max(sizes[:first]), (name, sizes)


def test_64_visitors_of_the_page_for_ten_minutes(served: Bundle) -> None:
    """Each asks again as soon as the answer is there."""
    crowd, ends = Crowd(), time.monotonic() + SECONDS

    def visitor(number: int) -> Iterator[Answer]:
        page = Chatter(PAGE_URL, ("en", "zh")[number % 2])
        while time.monotonic() < ends:
            yield page.ask(QUESTIONS[number % len(QUESTIONS)])
            number += 1
        page.close()

    with as_before(served):
        for number in range(PEOPLE):
            crowd.send(partial(visitor, number))
        samples = watched(served, crowd)
    answers = [done for done in crowd.done if isinstance(done, Answer)]
    places = {place for answer in answers for place in answer.places}
    told(page={"answers": len(answers), "waits": crowd.waits, "memory": samples})
    assert not [answer for answer in answers if answer.failed]
    assert any("about" in place for place in places), places
    assert any("约" in place for place in places), places
    expect_flat(samples)


def test_64_programs_at_the_api_for_ten_minutes(served: Bundle) -> None:
    """Each keeps its chat and asks again as soon as the answer is there."""
    crowd, ends = Crowd(), time.monotonic() + SECONDS

    def program(number: int) -> Iterator[Reply]:
        chatted: list[dict[str, str]] = []
        while time.monotonic() < ends:
            # A context has an end.
            chatted = chatted[-6:]
            question = QUESTIONS[number % len(QUESTIONS)]
            reply = chat(SERVER_URL, MODEL, [*chatted, {"role": "user", "content": question}])
            chatted += [
                {"role": "user", "content": question},
                {"role": "assistant", "content": reply.said},
            ]
            number += 1
            yield reply

    with as_before(served):
        for number in range(PEOPLE):
            crowd.send(partial(program, number))
        samples = watched(served, crowd)
    replies = [done for done in crowd.done if isinstance(done, Reply)]
    told(api={"answers": len(replies), "waits": crowd.waits, "memory": samples})
    assert all(reply.status == 200 and reply.whole for reply in replies)
    expect_flat(samples)


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
