"""``airgap prune`` frees what neither the version that serves nor the one before it needs."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, Bundle

SHARED = ("sha256:" + "a" * 64, 1_000_000)


def image(number: int) -> str:
    return f"localhost/airgap/demo:{number:012d}"


@pytest.fixture
def three(bundle: Bundle) -> list[Bundle]:
    """Three versions that came up one after the other, each with a layer of its own."""
    made = []
    for number in range(3):
        root = bundle.root.with_name(f"demo {number}")
        shutil.copytree(bundle.root, root)
        conf = root / "bundle.conf"
        conf.write_text(conf.read_text().replace(BUNDLE_CONF["IMAGE"], image(number)))
        made.append(Bundle(root, bundle.docker, bundle.shell, bundle.settings))
        made[-1].write_manifest()
    layers = {image(n): [SHARED, (f"sha256:{n:064d}", 2_000_000)] for n in range(3)}
    layers["localhost/airgap/other:000000000000"] = [SHARED]
    bundle.docker_says("images", json.dumps(layers))
    for version in made:
        assert version.run("up").returncode == 0
    return made


def images(bundle: Bundle) -> list[str]:
    return list(json.loads((bundle.docker / "images").read_text()))


def size(bundle: Bundle) -> int:
    return sum(path.stat().st_size for path in bundle.root.rglob("*") if path.is_file())


def folders_in(versions: Path) -> list[str]:
    return [line.split(" ", 3)[3] for line in versions.read_text().splitlines()[1:]]


def test_the_oldest_version_goes_and_the_bytes_are_told(three: list[Bundle]) -> None:
    # MANIFEST itself is not counted.
    expected = (size(three[0]) - (three[0].root / "MANIFEST").stat().st_size) / 1e6
    done = three[2].run("prune")
    assert done.returncode == 0, done.stderr
    assert f"removed the image   {image(0)}\n" in done.stdout
    assert f"removed the folder  {three[0].root}  ({expected:.1f} MB)\n" in done.stdout
    assert f"Freed: 2.0 MB in Docker, {expected:.1f} MB in folders." in done.stdout
    assert not three[0].root.exists()
    assert folders_in(three[0].state / "versions") == [str(three[1].root), str(three[2].root)]


def test_what_serves_and_what_rollback_needs_stays(three: list[Bundle]) -> None:
    three[2].run("prune")
    assert set(images(three[0])) >= {image(1), image(2)}
    for version in three[1:]:
        assert version.run("verify").returncode == 0
    assert three[2].run("rollback").returncode == 0
    done = three[1].run("prune")
    assert "nothing to remove" in done.stdout
    assert done.returncode == 0


def test_the_bundle_whose_program_it_is_stays(three: list[Bundle]) -> None:
    done = three[0].run("prune")
    assert "nothing to remove" in done.stdout
    assert three[0].run("verify").returncode == 0
    assert image(0) in images(three[0])


def test_what_is_not_of_the_bundle_stays(three: list[Bundle]) -> None:
    (three[0].root / "airgap.conf").write_text("AGENT_MEMORY=4g\n")
    (three[0].root / "state" / "agent").mkdir(parents=True)
    (three[0].root / "state" / "agent" / "mine").write_text("work")
    done = three[2].run("prune")
    assert done.returncode == 0, done.stderr
    assert f"{three[0].root} is not empty" in done.stdout
    left = {path.name for path in three[0].root.rglob("*") if path.is_file()}
    assert left == {"airgap.conf", "mine"}


def test_links_to_another_version_are_not_followed(three: list[Bundle]) -> None:
    shutil.rmtree(three[0].root / "models")
    (three[0].root / "models").symlink_to(three[2].root / "models")
    three[2].run("prune")
    assert three[2].run("verify").returncode == 0


def test_files_with_other_names_free_nothing(three: list[Bundle]) -> None:
    """As after ``apply``, which links what two versions have in common."""
    for path in (three[0].root / "models").rglob("*"):
        if path.is_file():
            twin = three[2].root / path.relative_to(three[0].root)
            twin.unlink()
            os.link(path, twin)
    done = three[2].run("prune")
    found = re.search(r"Freed: .* in Docker, (\d+\.\d) kB in folders", done.stdout)
    assert found, done.stdout
    assert three[2].run("verify").returncode == 0


def test_a_folder_that_holds_another_version_now_stays(three: list[Bundle]) -> None:
    (three[0].root / "README.txt").write_text("in place")
    three[0].write_manifest()
    three[2].run("prune")
    assert three[0].run("verify").returncode == 0
    assert folders_in(three[0].state / "versions") == [str(three[1].root), str(three[2].root)]


def test_a_second_run_ends_what_a_killed_one_began(three: list[Bundle]) -> None:
    shutil.rmtree(three[0].root / "lib")
    shutil.rmtree(three[0].root / "image")
    assert three[2].run("prune").returncode == 0
    assert not three[0].root.exists()


def test_nothing_to_prune_where_nothing_ever_was_up(bundle: Bundle) -> None:
    done = bundle.run("prune")
    assert done.returncode == 0, done.stderr
    assert "nothing to remove" in done.stdout
