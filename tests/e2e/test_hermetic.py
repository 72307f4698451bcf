"""Without any network the build makes the same bytes, and what it would have to fetch it names."""

import shutil
from collections.abc import Iterator

import pytest

from airgap.cli import default_store
from airgap.locks import python
from airgap.store import Store
from tests.e2e.bundle import built
from tests.e2e.hermetic import Builder
from tests.e2e.intranet import Seen

BUNDLES = ["demo", "agentfabric_demo"]
STACK = "third_party/python:agent"


@pytest.fixture(scope="module")
def builder(outside: Seen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Pants' own caches are filled with the network; the store has what is fetched, no more."""
    folder = tmp_path_factory.mktemp("hermetic")
    builder = Builder(folder, Store(default_store()), outside.at_home())
    try:
        builder.prepare()
        ready = builder.pants("package", "models/minilm:")
        assert ready.returncode == 0, ready.stderr
        builder.fill(f"bundles/{name}:{name}" for name in BUNDLES)
        yield builder
    finally:
        # pytest would keep these gigabytes.
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_is_made_without_an_interface(builder: Builder, name: str) -> None:
    folder = built(name, f"bundles/{name}:")
    done = builder.sealed_pants("package", f"bundles/{name}:")
    assert done.returncode == 0, done.stderr
    made = builder.repository / "dist" / name
    assert (made / "MANIFEST").read_text() == (folder / "MANIFEST").read_text()


def test_what_the_store_lacks_is_named_with_the_step_that_asked_for_it(builder: Builder) -> None:
    lock = builder.repository / "third_party/python/agent.lock"
    wheel = next(w for w in python.parse(lock.read_text(), lock.name) if w.name == "gradio")
    builder.store.path(wheel.blob).unlink()
    done = builder.sealed_pants("package", STACK)
    assert done.returncode != 0
    (said,) = (part for part in done.stderr.split("AirgapError: ")[1:])
    lines = said.splitlines()
    assert lines[0] == f"fetching the wheel `{wheel}` failed"
    assert lines[1].split(maxsplit=1) == [
        "expected:",
        f"{wheel.filename} ({wheel.blob}), which the store lacks, from the index",
    ]
    assert "pip config list" in lines[3]
    assert lines[4].startswith(f"  step:     Fetch {wheel} (")
    assert lines[4].endswith(f"for {STACK}")
