"""Of two fresh clones that share a cache, the second builds nothing that the first has built."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.conftest import PYTHON, REPOSITORY
from tests.ports import free_port
from tests.signals import reset_signals

ROOT = Path(os.environ.get("ROOT", REPOSITORY))
GOALS = ("lint", "check", "test", "package")
TARGETS = ("src/airgap/store::", "tests/airgap/store::", "src/airgap:airgap")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a BuildGrid, installed and started as docs/build-engineer.md says."""
    folder = tmp_path_factory.mktemp("buildgrid")
    (folder / "tmp").mkdir()
    locks = REPOSITORY / "third_party/python"
    subprocess.run([PYTHON, "-m", "venv", folder / "venv"], check=True)
    pip = [str(folder / "venv/bin/pip"), "install", "--quiet", "--require-hashes"]
    subprocess.run([*pip, "--requirement", locks / "buildgrid.lock"], check=True)
    port = free_port()
    text = (locks / "buildgrid.yml").read_text()
    settings = folder / "buildgrid.yml"
    settings.write_text(text.replace("127.0.0.1:50051", f"127.0.0.1:{port}"))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [folder / "venv/bin/bgd", "server", "start", settings],
            env={**environment(folder), "AIRGAP_CACHE_DIR": str(folder / "files")},
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=reset_signals,
        )
    try:
        for _ in range(600):
            assert server.poll() is None, (folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "XDG_CACHE_HOME") if name in os.environ}
    home = os.environ.get("HOME", str(Path.home()))
    return {"HOME": home, "LANG": "C.UTF-8", "TMPDIR": str(folder / "tmp"), **kept}


def build(folder: Path, cache: str) -> dict[str, int]:
    """Pants' counters of a build in a clone made now, with no cache of its own.

    It is gone afterwards, so that the next one has its path, as on two machines of a CI: that path
    is in the environment of tests, and in what mypy is told.
    """
    (folder / "tmp").mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder / "clone"], check=True)
    own = {"local-store-dir": "store", "named-caches-dir": "named", "pants-workdir": "work"}
    done = subprocess.run(
        [
            *("./pants", "--no-pantsd", "--stats-log"),
            *(f"--{option}={folder / name}" for option, name in own.items()),
            *GOALS,
            *TARGETS,
        ],
        cwd=folder / "clone",
        env={
            **environment(folder),
            # As .ci/run says it.
            "PANTS_CONFIG_FILES": '+["pants.ci.toml", "pants.remote.toml"]',
            "PANTS_REMOTE_STORE_ADDRESS": cache,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr
    return {name: int(count) for name, count in re.findall(r"^  (\w+): (\d+)$", done.stderr, re.M)}


def test_the_second_clone_builds_nothing_that_the_first_has_built(
    cache: str, tmp_path: Path
) -> None:
    first, second = (build(tmp_path / "builder", cache) for _ in range(2))
    assert first["remote_cache_write_successes"] == first["remote_cache_requests"] > 0
    assert first["remote_cache_requests_cached"] == 0
    # Whatever may be cached at all was asked for, and there.
    asked = second["remote_cache_requests"]
    assert asked == first["remote_cache_requests"], second
    assert second["remote_cache_requests_uncached"] == 0, second
    # Pants begins a step while it asks, and one of milliseconds may be done before the answer.
    sooner = second["remote_cache_speculation_local_completed_first"]
    assert second["remote_cache_requests_cached"] == asked - sooner, second
    assert second["remote_cache_write_attempts"] == sooner, second
    # Such are few: of the time of all steps, also of those that are never shared, most is saved.
    saved, taken = "remote_cache_total_time_saved_ms", "local_process_total_time_run_ms"
    assert second[saved] > 0.5 * first[taken], (first, second)
