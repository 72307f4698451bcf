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


def test_an_image_that_never_was_up_here_stays(three: list[Bundle]) -> None:
    """It may be the only copy: ``join --load`` leaves no folder with an image."""
    layers = json.loads((three[0].docker / "images").read_text())
    three[0].docker_says("images", json.dumps({**layers, image(9): [SHARED]}))
    done = three[2].run("prune")
    assert done.returncode == 0, done.stderr
    assert f"stays               {image(9)}" in done.stdout
    assert image(9) in images(three[0])
    assert image(0) not in images(three[0])


def test_without_the_list_of_versions_every_image_stays(three: list[Bundle]) -> None:
    before = images(three[0])
    (three[0].state / "versions").unlink()
    done = three[2].run("prune")
    assert done.returncode == 0, done.stderr
    assert f"stays               {image(1)}" in done.stdout
    assert images(three[0]) == before


def test_another_state_folder_does_not_say_what_rollback_needs(
    three: list[Bundle], tmp_path: Path
) -> None:
    before = images(three[0])
    shutil.copytree(three[0].state, tmp_path / "state")
    said = three[2].fails("prune", AIRGAP_STATE_DIR=str(tmp_path / "state"))
    assert f"keeps its state in {three[0].state}" in said
    assert images(three[0]) == before
    assert three[0].root.exists()


def test_a_list_of_versions_that_cannot_be_read_is_said(three: list[Bundle]) -> None:
    if os.getuid() == 0:
        pytest.skip("root reads every file")
    (three[0].state / "versions").chmod(0)
    for command in ("prune", "up"):
        assert f"{three[0].state}/versions" in three[2].fails(command)


def test_an_image_that_docker_would_not_remove_goes_next_time(three: list[Bundle]) -> None:
    three[0].docker_says("rm-error", "conflict: unable to remove: container 1234 uses it")
    assert "container 1234 uses it" in three[2].fails("prune")
    (three[0].docker / "rm-error").unlink()
    assert three[2].run("prune").returncode == 0
    assert image(0) not in images(three[0])


def test_nothing_to_prune_where_nothing_ever_was_up(bundle: Bundle) -> None:
    done = bundle.run("prune")
    assert done.returncode == 0, done.stderr
    assert "nothing to remove" in done.stdout
