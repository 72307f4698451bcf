"""Makes a target without Pants: the program that runs in each world.

python -m airgap.reproduce.build <store> <spec> <root> <dest> <receipt>
"""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from airgap import steps
from airgap.errors import AirgapError
from airgap.make import make
from airgap.reproduce.seen import seen
from airgap.store import Store


def build(store: Path, spec: Path, root: Path, dest: Path, receipt: Path) -> None:
    """Ask what is left to be done and do it, with a process for each core, until nothing is.

    Raises:
        AirgapError: The target cannot be made.
    """
    value = json.loads(spec.read_text())
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
        while left := make(Store(store), value, root, dest, receipt):
            for done in [processes.submit(_run, store, step) for step in left]:
                done.result()


def _run(store: Path, step: dict[str, Any]) -> None:
    print(f"  {step['description']}", flush=True)
    steps.run(Store(store), step["kind"], step["value"])


if __name__ == "__main__":
    try:
        Path("seen.json").write_text(json.dumps(seen()))
        build(*map(Path, sys.argv[1:]))
    except AirgapError as error:
        sys.exit(f"error: {error}")
