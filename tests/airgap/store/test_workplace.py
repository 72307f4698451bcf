import os
import signal
import subprocess
import sys
import time

from airgap.store import Store
from tests.airgap.blobs import put

KILLED = """
import sys, time
from pathlib import Path
from airgap.store import Store
store = Store(Path(sys.argv[1]))
with store.writer() as out:
    out.write(b"x" * 3_000_000)
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_nothing_after_the_next_one(store: Store) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.root)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"writing\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(store.root.glob("tmp/*/blob"))
    put(store, b"hello")
    assert not list(store.root.glob("tmp/*"))


def test_what_a_killed_process_had_started_disturbs_nobody(store: Store) -> None:
    (store.root / "tmp" / "dead.lock").touch()
    folder = store.root / "tmp" / "dead"
    (folder / "deep").mkdir(parents=True)
    writing = "import itertools\nfor n in itertools.count(): open(f'deep/{n}', 'w').close()"
    orphan = subprocess.Popen(
        [sys.executable, "-c", writing], cwd=folder, stderr=subprocess.DEVNULL
    )
    while not (folder / "deep" / "1000").exists():
        time.sleep(0.01)
    try:
        put(store, b"meanwhile")
    finally:
        orphan.kill()
        orphan.wait()
    put(store, b"after")
    assert not list((store.root / "tmp").iterdir())


def test_small_files_of_a_killed_process_are_removed_after_an_hour(store: Store) -> None:
    new, old = store.root / "tmp" / "1.small", store.root / "tmp" / "2.small"
    new.touch()
    old.touch()
    os.utime(old, (time.time() - 3601, time.time() - 3601))
    put(store, b"hello")
    assert new.exists()
    assert not old.exists()
