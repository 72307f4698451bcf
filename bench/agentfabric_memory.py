"""The memory of AgentFabric's page with 1 and with 8 visitors, beside upstream's own.

Each visitor opens the page of an agent without knowledge. Measured is the proportional share (PSS)
of the process and of all that it started, kernels of the code interpreter among them.
"""

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

from bench import agentfabric
from bench.measure import show
from tests.agentfabric.attacker import Attacker

SETTLE = 5.0
"""Seconds in which what a visit set off comes to rest."""


def write_agent(state: Path, *, coder: bool) -> None:
    """The agent of the first account, which may run code or not."""
    tools = {"code_interpreter": {"name": "Code Interpreter", "is_active": True, "use": coder}}
    config = {
        "name": "Desk",
        "avatar": "custom_bot_avatar.png",
        "description": "",
        "instruction": "Be brief.",
        "prompt_recommend": [""],
        "knowledge": [],
        "tools": tools,
        "model": agentfabric.MODEL,
        "language": "en",
    }
    folder = state / "config" / "local_user"
    folder.mkdir(parents=True)
    (folder / "builder_config.json").write_text(json.dumps(config))


def megabytes() -> float:
    """The memory of all that this process started."""
    kilobytes = 0
    for process in agentfabric.descendants(os.getpid())[1:]:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
    return kilobytes / 1000


def measure(address: str) -> str:
    figures = []
    for more in (1, 7):
        for _ in range(more):
            Attacker(address).event("init_all", ["", {}])
        time.sleep(SETTLE)
        figures.append(megabytes())
    return f"{figures[0]:,.0f} MB with 1 visitor, {figures[1]:,.0f} MB with 8"


def main() -> None:
    rows = []
    with agentfabric.unpacked() as (stack, _):
        stack.run("pass")
        for coder in (False, True):
            for name, serve in agentfabric.PAGES.items():
                with tempfile.TemporaryDirectory() as folder:
                    write_agent(Path(folder, "state"), coder=coder)
                    with serve(stack, Path(folder)) as address:
                        figures = measure(address)
                rows.append((f"{name}, {'may run code' if coder else 'answers only'}", figures))
    show(rows)


if __name__ == "__main__":
    main()
