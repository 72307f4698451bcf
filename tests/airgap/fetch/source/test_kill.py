import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import airgap
from airgap.fetch.source import find_source
from airgap.locks.source import render
from airgap.store import Store
from tests.airgap.fetch.source.taken import fetched
from tests.airgap.fetch.upstream import FILES, make_lock, make_repository


@pytest.mark.parametrize("moment", ["tmp/*/git/HEAD", "tmp/*/git/objects/pack/*", "blobs/sha256/*"])
def test_after_a_kill_the_same_command_goes_on(store: Store, tmp_path: Path, moment: str) -> None:
    # So many that the moments last, and that git keeps a pack as it came.
    many = FILES | {f"lib/many/{i}": bytes([i]) * 100_000 for i in range(120)}
    repository = make_repository(tmp_path / "many", many)
    lock = make_lock(repository, tmp_path / "lock")
    program = (
        "import sys, time\n"
        # Each file that comes into the store takes a while, so that the last moment lasts too.
        "sys.addaudithook(lambda event, _: event == 'os.rename' and time.sleep(0.1))\n"
        "from pathlib import Path\n"
        "from airgap.fetch.progress import Progress\n"
        "from airgap.fetch.source import fetch_source\n"
        "from airgap.locks.source import parse\n"
        "from airgap.store import Store\n"
        "fetch_source(Store(Path(sys.argv[1])), parse(sys.argv[2], ''), Progress())\n"
    )
    path = str(Path(airgap.__path__[0]).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(store.root), render(lock)],
        env={**os.environ, "PYTHONPATH": path},
    )
    with process:
        while not list(store.root.glob(moment)):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert find_source(store, lock) is None
    found = fetched(store, lock)
    assert found["lib/many/7"] == bytes([7]) * 100_000
    assert found.keys() == lock.files.keys()
    # What git still wrote when its parent was gone goes as soon as git has ended.
    deadline = time.monotonic() + 60
    while list(store.root.glob("tmp/*.lock")) and time.monotonic() < deadline:
        time.sleep(0.1)
        with store.workdir():
            pass
    # A small file of a killed process stays for an hour.
    assert [path.name for path in store.root.glob("tmp/*") if path.suffix != ".small"] == []
