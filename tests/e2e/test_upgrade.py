"""Another version in place of the one that serves, and back; and a restart of Docker between.

Where it does not matter, the model server is left out, because it takes long to start.
"""

import io
import shutil
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from airgap.store import hash_file
from airgap.transport import manifest
from tests.e2e.bundle import Bundle, shadow
from tests.e2e.daemon import Daemon
from tests.e2e.demo import AGENT, LLM, PAGE_URL, SERVER
from tests.e2e.intranet import HOST

ALLOW = "airgap-demo-allow"
# A model server that is not there: the page needs none to come up.
WITHOUT_SERVER = {"AIRGAP_LLM_URL": f"http://{HOST}:9/v1", "AIRGAP_LLM_MODEL": "none"}
FREED = 7_000_000


def version(bundle: Bundle, folder: Path, **changed: str) -> Bundle:
    """The bundle in another folder, some of its small files with another text."""
    shadow(bundle.folder, folder)
    # Docker mounts them, so links must not lead out of what is mounted.
    shutil.rmtree(folder / "models")
    (folder / "models").symlink_to(bundle.folder / "models")
    listed = manifest.parse((bundle.folder / manifest.NAME).read_bytes(), "the bundle")
    for path, text in changed.items():
        (folder / path).write_text(text)
        listed[path] = hash_file(folder / path)
    (folder / manifest.NAME).write_bytes(manifest.render(listed))
    return replace(bundle, folder=folder)


def digest(bundle: Bundle) -> str:
    return f"sha256:{hash_file(bundle.folder / manifest.NAME).sha256}"


def serving(bundle: Bundle, *containers: str) -> set[str]:
    """The versions of these containers, which must be all that there are."""
    names = bundle.docker("ps", "--all", "--format", "{{.Names}}").split()
    assert sorted(names) == sorted(containers)
    found = [bundle.inspect(name) for name in names]
    assert all(each["State"]["Running"] for each in found)
    return {each["Config"]["Labels"]["airgap.digest"] for each in found}


def answers(address: str) -> bool:
    """Does the page come up within five minutes?"""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    return False


def contents(folder: Path) -> dict[str, bytes]:
    """Of the state: what people made, not what is remembered of versions."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "versions")
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def old(demo: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The demo with a state of its own, up without its model server."""
    demo.airgap("down")
    state = tmp_path_factory.mktemp("upgrade") / "状态 folder"
    bundle = replace(demo, environ={**demo.environ, "AIRGAP_STATE_DIR": str(state)})
    done = bundle.airgap("up", **WITHOUT_SERVER)
    assert done.returncode == 0, done.stdout + done.stderr
    yield bundle
    bundle.airgap("down")


@pytest.fixture(scope="module")
def newer(old: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("newer") / "demo 新"
    return version(old, folder, **{"README.txt": "A newer version.\n"})


def test_a_version_that_does_not_come_up_leaves_the_old_one_serving(
    old: Bundle, tmp_path: Path
) -> None:
    broken = version(old, tmp_path / "demo", **{"agents/example/builder_config.json": "{"})
    before = {name: old.inspect(name)["Id"] for name in (AGENT, ALLOW)}
    done = broken.airgap("up", **WITHOUT_SERVER)
    assert done.returncode == 1
    assert "ended by itself" in done.stderr
    assert f"The version before is started again and goes on: bundle {digest(old)}" in done.stderr
    assert answers(PAGE_URL)
    assert serving(old, AGENT, ALLOW) == {digest(old)}
    assert {name: old.inspect(name)["Id"] for name in before} == before


def test_containers_come_back_with_docker_but_not_what_was_stopped(
    old: Bundle, docker: Daemon
) -> None:
    assert old.airgap("stop", "allow").returncode == 0
    docker.restart()
    assert answers(PAGE_URL)
    assert serving(old, AGENT) == {digest(old)}
    status = old.airgap("status", **WITHOUT_SERVER).stdout
    assert f"the chat page answers at {PAGE_URL}" in status


def test_a_new_version_serves_and_rollback_goes_back_with_the_state(
    old: Bundle, newer: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Path(old.environ["AIRGAP_STATE_DIR"]) / "agent" / "mine"
    mine.write_text("work")
    done = newer.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert serving(old, AGENT, SERVER) == {digest(newer)}
    before = contents(mine.parents[1])

    began = time.monotonic()
    done = newer.airgap("rollback")
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\nrollback: {took:.0f} s until all answers")
    assert serving(old, AGENT, SERVER) == {digest(old)}
    assert contents(mine.parents[1]) == before
    assert "Paris" in old.airgap("chat", "What is the capital of France?").stdout
    status = old.airgap("status")
    assert status.returncode == 0, status.stdout
    assert f"{digest(newer)} in {newer.folder}" in status.stdout


def test_prune_removes_an_image_that_no_version_needs_and_tells_its_bytes(
    old: Bundle, newer: Bundle, tmp_path: Path
) -> None:
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        member = tarfile.TarInfo("large")
        member.size = FREED
        tar.addfile(member, io.BytesIO(bytes(FREED)))
    unneeded = "localhost/airgap/demo:000000000000"
    old.docker("import", str(layer), unneeded)
    done = old.airgap("prune")
    assert done.returncode == 0, done.stderr
    assert f"stays               {unneeded}" in done.stdout
    # As if it had been up here before the two. The folder is the host's to write, the file is not.
    versions = Path(old.environ["AIRGAP_STATE_DIR"]) / "versions"
    head, *lines = versions.read_text().splitlines()
    first = f"sha256:{'0' * 64} 2026-01-01T00:00:00Z {unneeded} {tmp_path / 'gone'}"
    versions.unlink()
    versions.write_text("\n".join([head, first, *lines]) + "\n")
    done = old.airgap("prune")
    assert done.returncode == 0, done.stderr
    assert f"removed the image   {unneeded}\n" in done.stdout
    assert f"Freed: {FREED / 1e6:.1f} MB in Docker, 0 B in folders." in done.stdout
    (left,) = old.docker("images", "--format", "{{.Tag}}", "localhost/airgap/demo").split()
    assert left != "000000000000"
    assert (newer.folder / "models" / LLM).is_dir()
    assert serving(old, AGENT, SERVER) == {digest(old)}
