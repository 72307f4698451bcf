"""Fetches of large files as processes: killed, stopped, two at a time, and of gigabytes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from airgap.fetch import missing
from airgap.fetch.partial import BLOCK
from airgap.fetch.progress import Progress
from airgap.fetch.ranges import fetch_ranges
from airgap.fetch.remote import Remote
from airgap.models.hub import Hub
from airgap.store import Blob, Store
from tests.airgap.hub.contents import Content, Seeded
from tests.airgap.hub.server import Fault, HubServer, Model
from tests.signals import reset_signals

ID = "qwen/Qwen1.5-7B-Chat"
WEIGHTS = "model.safetensors"

FETCH = """
import json, resource, sys
from pathlib import Path
from airgap.fetch.progress import Progress
from airgap.fetch.ranges import fetch_ranges
from airgap.fetch.remote import Remote
from airgap.store import Blob, Store

files = [
    Remote(name, Blob(sha256, size), address, headers)
    for name, sha256, size, address, headers in json.loads(sys.argv[2])
]
fetch_ranges(Store(Path(sys.argv[1])), files, Progress())
# The most memory held, in kB (proc(5)): getrusage(2) counts that of the process it was forked from.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
# In blocks of 512 bytes.
written = resource.getrusage(resource.RUSAGE_SELF).ru_oublock
print(int(status["VmHWM"].split()[0]) * 1024, written * 512)
"""


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer({ID: Model()}) as server:
        yield server


def offer(server: HubServer, content: Content) -> Remote:
    commit = server.models[ID].commit({WEIGHTS: content})
    hub = Hub({"MODELSCOPE_ENDPOINT": server.endpoint})
    return Remote(WEIGHTS, Blob(content.sha256, content.size), *hub.request(ID, commit, WEIGHTS))


def start(store: Store, *files: Remote) -> subprocess.Popen[str]:
    values = [[f.name, f.blob.sha256, f.blob.size, f.address, f.headers] for f in files]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, str(store.root), json.dumps(values)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "NO_PROXY": "127.0.0.1,localhost",
        },
        preexec_fn=reset_signals,
    )


def asked(server: HubServer) -> int:
    """The bytes of large files that were asked for."""
    total = 0
    for seen in server.seen:
        if seen.other_host and seen.range:
            first, last = map(int, seen.range.removeprefix("bytes=").split("-"))
            total += last - first + 1
    return total


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_rerun_goes_on_with_what_an_ended_fetch_had(
    server: HubServer, store: Store, end: signal.Signals
) -> None:
    size, came = 150_000_000, 70_000_000
    file = offer(server, Seeded(size))
    # Every connection has brought some when all of them stand still.
    server.faults.append(Fault(WEIGHTS, times=99, cut=30_000_000, stall=60))
    with start(store, file) as process:
        pieces = store.root / "unfinished" / file.blob.sha256
        deadline = time.monotonic() + 60
        # The server may learn of a request after its sender has ended, so all five are waited for.
        while not (
            sum(seen.other_host for seen in [*server.seen]) == 5
            and pieces.stat().st_blocks * 512 > came
        ):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        before = time.monotonic()
        process.send_signal(end)
        process.wait()
    # Not until the stalled connections are given up, which takes 30 seconds.
    assert time.monotonic() - before < 20
    server.faults.clear()
    server.seen.clear()
    fetch_ranges(store, [file], Progress())
    assert missing(store, [file]) == []
    # Each of the five connections loses less than a block.
    assert 0 < asked(server) < size - (came - 5 * BLOCK)


def test_two_fetches_at_once_fetch_once(server: HubServer, store: Store) -> None:
    file = offer(server, Seeded(100_000_000))
    both = [start(store, file), start(store, file)]
    for process in both:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert asked(server) == file.blob.size
    assert missing(store, [file]) == []


def test_gigabytes_pass_through_little_memory_and_are_written_once(
    server: HubServer, store: Store
) -> None:
    size = 2_200_000_000
    file = offer(server, Seeded(size))
    with start(store, file) as process:
        out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert missing(store, [file]) == []
    memory, written = map(int, out.split())
    assert memory < 80_000_000
    assert written < 1.02 * size
    assert asked(server) == size
    store.path(file.blob).unlink()
