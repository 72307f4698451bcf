"""How soon AgentFabric's page can be used, beside upstream's own page.

Each page is opened by Chromium in a network namespace: in one whatever is sent outside is refused
at once (there is no route), in the other it is lost without an answer, as firewalls do. Needs root.
"""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from bench import agentfabric
from bench.measure import show
from tests.agentfabric.stack import Stack
from tests.e2e.builder_page import chat_input
from tests.e2e.intranet import intranet
from tests.e2e.visits import chromium

ROUNDS = 3
PATIENCE = 200_000
"""Milliseconds."""


def visit(context: BrowserContext, address: str) -> tuple[float, float]:
    """Seconds until the page can be seen, and until the agent can be asked."""
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit", timeout=PATIENCE)
    expect(page.get_by_role("button", name="(Configure)")).to_be_visible(timeout=PATIENCE)
    seen = time.perf_counter() - start
    expect(chat_input(page)).to_be_enabled(timeout=PATIENCE)
    usable = time.perf_counter() - start
    page.close()
    return seen, usable


def measure(address: str) -> list[str]:
    """The first visit ever, then the medians of new visitors and of one who comes again."""
    with chromium() as browser:
        first = visit(browser.new_context(), address)
        new, again = [], []
        for _ in range(ROUNDS):
            context = browser.new_context()
            new.append(visit(context, address))
            again.append(visit(context, address))
            context.close()
    medians = ([statistics.median(column) for column in zip(*v, strict=True)] for v in (new, again))
    return [f"{seen:.1f} s seen, {usable:.1f} s usable" for seen, usable in (first, *medians)]


def both(stack: Stack, room: Path, network: str) -> None:
    rows = []
    for name, serve in agentfabric.PAGES.items():
        with tempfile.TemporaryDirectory() as folder, serve(stack, Path(folder)) as address:
            figures = measure(address)
        for visitor, figure in zip(("first of all", "new", "again"), figures, strict=True):
            rows.append((f"{network}, {name}, {visitor}", figure))
    show(rows)


def main() -> None:
    with agentfabric.unpacked() as (stack, room):
        stack.run("pass")
        for network in ("refused", "lost"):
            # In a network namespace with nothing but a loopback, and in a process of its own,
            # because a thread that has gone into a namespace stays there.
            subprocess.run(
                ["unshare", "--net", sys.executable, "-m", "bench.agentfabric_page", network, room],
                check=True,
            )


def within(network: str, room: Path) -> None:
    """Measure in this process's network namespace, or in one whose packets are lost."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    stack = agentfabric.stack_in(room)
    with contextlib.ExitStack() as on_the_way_out:
        if network == "lost":
            folder = on_the_way_out.enter_context(tempfile.TemporaryDirectory())
            on_the_way_out.enter_context(intranet(Path(folder)))
        both(stack, room, network)


if __name__ == "__main__":
    if sys.argv[1:]:
        within(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
