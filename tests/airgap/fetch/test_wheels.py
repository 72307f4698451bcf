import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch import missing
from airgap.fetch import wheels as module
from airgap.fetch.progress import Progress
from airgap.fetch.wheels import fetch_wheels
from airgap.locks.python import Wheel, render
from airgap.store import Blob, Store
from tests.airgap.fetch.conftest import MakeWheel, Site
from tests.host.processes import left_of


def leftovers(store: Store) -> list[str]:
    return [path.name for path in (store.root / "tmp").iterdir() if path.is_dir()]


def test_wheels_for_any_platform_of_the_lock_arrive(
    index: Site, store: Store, make_wheel: MakeWheel
) -> None:
    wheels = [
        make_wheel("plain"),
        make_wheel("with-dash", tag="cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        make_wheel("newest", tag="cp311-cp311-manylinux_2_36_x86_64"),
        make_wheel("Old.Name", tag="cp311-cp311-linux_x86_64"),
    ]
    fetch_wheels(store, wheels, Progress())
    assert missing(store, wheels) == []
    assert leftovers(store) == []


def test_of_several_files_of_a_version_the_locked_one_is_taken(
    index: Site, store: Store, make_wheel: MakeWheel
) -> None:
    plain = make_wheel("some", fill=20)
    make_wheel("some", tag="cp311-cp311-manylinux_2_17_x86_64")
    fetch_wheels(store, [plain], Progress())
    assert store.has(plain.blob)


def test_what_is_in_the_store_is_not_asked_for(
    index: Site, store: Store, make_wheel: MakeWheel
) -> None:
    first, second = make_wheel("first"), make_wheel("second")
    fetch_wheels(store, [first], Progress())
    index.requests.clear()
    fetch_wheels(store, [first, second], Progress())
    assert index.requests
    assert not any("first" in path for path in index.requests)


def test_a_wrong_hash_is_told_with_both_hashes(
    index: Site, store: Store, make_wheel: MakeWheel
) -> None:
    wheel = make_wheel("changed")
    locked = replace(wheel, blob=Blob("a" * 64, wheel.blob.size))
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [locked, make_wheel("other")], Progress())
    assert raised.value.subject == "changed==1.0"
    assert raised.value.expected == f"sha256 {'a' * 64}"
    assert raised.value.found == f"sha256 {wheel.blob.sha256}"
    assert leftovers(store) == []


def test_a_wrong_size_is_told(index: Site, store: Store, make_wheel: MakeWheel) -> None:
    wheel = make_wheel("short")
    with pytest.raises(AirgapError, match=r"short-1\.0-py3-none-any\.whl"):
        fetch_wheels(store, [replace(wheel, blob=Blob(wheel.blob.sha256, 1))], Progress())
    assert not store.has(wheel.blob)


def test_a_version_that_no_index_has_is_told_with_those_it_has(
    index: Site, store: Store, make_wheel: MakeWheel
) -> None:
    make_wheel("there", version="2.5")
    lost = Wheel("there", "9.9", "there-9.9-py3-none-any.whl", Blob("a" * 64, 5))
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [lost], Progress())
    assert raised.value.subject == "there 9.9"
    assert "2.5" in str(raised.value.found)
    assert "pip config list" in str(raised.value.remedy)


def test_no_network_is_told_as_such(
    index: Site, store: Store, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel("far")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [wheel], Progress())
    assert raised.value.subject == "far 1.0"
    assert f"{wheel.filename} ({wheel.blob})" in str(raised.value.expected)
    assert "Connection refused" in str(raised.value.found)
    assert "network" in str(raised.value.remedy)


def test_a_cpu_build_that_the_indexes_lack_comes_from_pytorch_s(
    index: Site, store: Store, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel("torch", version="2.0+cpu", tag="cp311-cp311-linux_x86_64")
    (index.root / "whl").mkdir()
    (index.root / "simple" / "torch").rename(index.root / "whl" / "torch")
    monkeypatch.setattr(module, "PYTORCH_CPU", f"{index.url}/whl")
    fetch_wheels(store, [wheel], Progress())
    assert store.has(wheel.blob)


def test_threads_that_want_the_same_wheel_fetch_it_once(
    index: Site, store: Store, make_wheel: MakeWheel
) -> None:
    wheel = make_wheel("wanted", fill=100_000)
    fetches = [
        threading.Thread(target=fetch_wheels, args=(Store(store.root), [wheel], Progress()))
        for _ in range(3)
    ]
    for fetch in fetches:
        fetch.start()
    for fetch in fetches:
        fetch.join()
    assert store.has(wheel.blob)
    assert index.downloads(wheel.filename) == 1


def test_after_a_kill_a_second_run_completes_the_first(
    index: Site, store: Store, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    wheels = [make_wheel("good"), make_wheel("stuck", fill=3_000_000)]
    index.stall_at = wheels[1].filename
    lock = tmp_path / "x.lock"
    lock.write_text(render(wheels))
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from airgap.fetch import wheels
        from airgap.fetch.progress import Progress
        from airgap.locks.python import parse
        from airgap.store import Store
        wheels._GROUP = 1
        locked = parse(Path(sys.argv[2]).read_text(), "x.lock")
        wheels.fetch_wheels(Store(Path(sys.argv[1])), locked, Progress())
    """)
    command = [sys.executable, "-c", program, str(store.root), str(lock)]
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 180
        while not (store.has(wheels[0].blob) and index.downloads(wheels[1].filename)):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert left_of(process.pid) == []
    assert leftovers(store)
    index.stall_at = None
    index.requests.clear()
    fetch_wheels(store, wheels, Progress())
    assert missing(store, wheels) == []
    assert leftovers(store) == []
    assert index.downloads(wheels[0].filename) == 0


class Recorder(Progress):
    def __init__(self) -> None:
        self.events: list[tuple[str, object, int]] = []

    def expect(self, count: int, size: int) -> None:
        self.events.append(("expect", count, size))

    def begin(self, item: str, size: int) -> None:
        self.events.append(("begin", item, size))

    def end(self, item: str, size: int) -> None:
        self.events.append(("end", item, size))


def test_progress_hears_of_each_wheel(index: Site, store: Store, make_wheel: MakeWheel) -> None:
    wheel = make_wheel("seen", fill=1_000_000)
    index.stall_at = wheel.filename
    progress = Recorder()
    fetch = threading.Thread(target=fetch_wheels, args=(store, [wheel], progress))
    fetch.start()
    while len(progress.events) < 2 and fetch.is_alive():
        time.sleep(0.05)
    index.stall_at = None
    fetch.join()
    size = wheel.blob.size
    assert progress.events[:2] == [("expect", 1, size), ("begin", "seen 1.0", size)]
    assert progress.events[-1] == ("end", "seen 1.0", size)
