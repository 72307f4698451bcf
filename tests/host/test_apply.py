"""``airgap apply`` makes the newer bundle, byte for byte, or nothing of its name."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, Bundle
from tests.host.delta import NEW_WEIGHTS, Upgrade, upgrade_of
from tests.host.test_inventory import saved
from tests.host.test_join import tree
from tests.host.transfer import split
from tests.mounts import memory_disk, not_here


@pytest.fixture
def upgrade(bundle: Bundle, tmp_path: Path) -> Upgrade:
    return upgrade_of(bundle, tmp_path)


def test_the_newer_bundle_is_the_same_and_the_older_untouched(upgrade: Upgrade) -> None:
    before = tree(upgrade.old.root)
    upgrade.carry()
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert upgrade.is_applied()
    assert tree(upgrade.old.root) == before
    assert f"To switch: {upgrade.applied}/airgap up" in done.stdout
    assert not [path for path in upgrade.applied.parent.iterdir() if path.name.startswith(".")]
    carried = sum(part.stat().st_size for part in upgrade.medium.glob("*.part"))
    # The changed weights, the new layer once, and the list of all files.
    listed = (upgrade.applied / "MANIFEST").stat().st_size
    assert carried < len(NEW_WEIGHTS) + 100_000 + listed + 40_000


def test_the_newer_bundle_verifies_itself(upgrade: Upgrade) -> None:
    upgrade.carry()
    upgrade.old.run("apply", str(upgrade.medium))
    new = Bundle(upgrade.applied, upgrade.old.docker, upgrade.old.shell, upgrade.old.settings)
    assert new.run("verify").returncode == 0


def test_what_is_in_both_takes_no_room_twice(upgrade: Upgrade) -> None:
    upgrade.carry()
    upgrade.old.run("apply", str(upgrade.medium))
    for path in ("lib/report.sh", "image/blobs/sha256/ab"):
        assert (upgrade.applied / path).samefile(upgrade.old.root / path)
    copy = upgrade.applied / "image/blobs/sha256/copy"
    assert copy.samefile(copy.with_name("c" * 64))


def test_elsewhere_with_copies_where_there_are_no_hard_links(upgrade: Upgrade) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == upgrade.medium.parent.parent.stat().st_dev:
        not_here("there is no second file system")
    dest = shared / f"airgap-test-{os.getpid()}"
    try:
        upgrade.carry()
        done = upgrade.old.run("apply", str(upgrade.medium), "--to", str(dest))
        assert done.returncode == 0, done.stdout + done.stderr
        assert tree(dest / upgrade.applied.name) == tree(upgrade.new.root)
        assert not upgrade.applied.exists()
    finally:
        shutil.rmtree(dest, ignore_errors=True)


def test_root_copies_to_a_disk_that_has_no_owners(upgrade: Upgrade, tmp_path: Path) -> None:
    """As FAT, or a disk of another host: there root may not give a file to somebody else."""
    if os.geteuid() != 0:
        not_here("this is about root")
    os.chown(upgrade.old.root / "lib/report.sh", 1000, 1000)
    upgrade.carry()
    upgrade.old.shell[:0] = ["setpriv", "--bounding-set", "-chown", "--inh-caps", "-chown"]
    with memory_disk(tmp_path / "disk", "size=8m") as disk:
        done = upgrade.old.run("apply", str(upgrade.medium), "--to", str(disk))
        assert (done.returncode, done.stderr) == (0, "")
        assert tree(disk / upgrade.applied.name) == tree(upgrade.new.root)


def test_again_it_is_there_already(upgrade: Upgrade) -> None:
    upgrade.carry()
    upgrade.old.run("apply", str(upgrade.medium))
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 0
    assert "It is there already" in done.stdout
    (upgrade.applied / "README.txt").unlink()
    assert "not right in it" in upgrade.old.fails("apply", str(upgrade.medium))


def test_a_folder_of_another_version_is_not_touched(upgrade: Upgrade) -> None:
    upgrade.carry()
    shutil.copytree(upgrade.old.root, upgrade.applied)
    before = tree(upgrade.applied)
    assert "it is not of the bundle" in upgrade.old.fails("apply", str(upgrade.medium))
    assert tree(upgrade.applied) == before


def test_the_operators_settings_go_along(upgrade: Upgrade) -> None:
    upgrade.carry()
    settings = upgrade.old.root / "airgap.conf"
    settings.write_text("LOGIN=off\n")
    upgrade.old.run("apply", str(upgrade.medium))
    assert (upgrade.applied / "airgap.conf").read_text() == "LOGIN=off\n"
    assert not (upgrade.applied / "airgap.conf").samefile(settings)


def test_who_may_read_the_settings_still_may_when_root_applies(upgrade: Upgrade) -> None:
    if os.geteuid() != 0:
        not_here("this is about root")
    upgrade.carry()
    settings = upgrade.old.root / "airgap.conf"
    settings.write_text("LOGIN=off\n")
    settings.chmod(0o600)
    os.chown(settings, 1000, 1000)
    assert upgrade.old.run("apply", str(upgrade.medium)).returncode == 0
    status = (upgrade.applied / "airgap.conf").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1000, 1000, 0o600)


def test_the_same_version_is_told(upgrade: Upgrade) -> None:
    shutil.rmtree(upgrade.new.root)
    shutil.copytree(upgrade.old.root, upgrade.new.root)
    upgrade.carry()
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 0
    assert "is that bundle already" in done.stdout


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_a_part_that_is_not_right_is_named_and_nothing_written(upgrade: Upgrade, how: str) -> None:
    upgrade.carry()
    before = tree(upgrade.old.root)
    part = sorted(upgrade.medium.glob("*.part"))[1]
    if how == "lost":
        part.unlink()
    else:
        data = bytearray(part.read_bytes())
        data[-7] ^= 1
        part.write_bytes(data)
    error = upgrade.old.fails("apply", str(upgrade.medium))
    assert ("missing: 2" if how == "lost" else "damaged: 2") in error
    assert f"{upgrade.medium}/airgap-parts repair" in error
    assert "missing 2" in (upgrade.medium / "receipt.txt").read_text() or how == "damaged"
    assert not upgrade.applied.exists()
    assert tree(upgrade.old.root) == before


def test_a_delta_for_another_inventory_is_told(upgrade: Upgrade) -> None:
    other = "agents/example/of the other host.txt"
    (upgrade.old.root / other).write_text("there")
    (upgrade.new.root / other).write_text("there")
    upgrade.old.write_manifest()
    upgrade.carry()
    (upgrade.old.root / other).unlink()
    upgrade.old.write_manifest()
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 1
    assert f"unknown     {other}\n" in done.stdout
    assert "made for another inventory" in done.stderr
    assert not upgrade.applied.exists()


@pytest.mark.parametrize("how", ["changed", "cut", "gone"])
def test_a_file_that_changed_since_the_inventory_is_named(upgrade: Upgrade, how: str) -> None:
    upgrade.carry()
    path = upgrade.old.root / "agents/example/知识 文件.txt"
    was = path.read_bytes()
    if how == "changed":
        path.write_bytes(was[::-1])
    elif how == "cut":
        path.write_bytes(was[1:])
    else:
        path.unlink()
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 1
    word = "missing  " if how == "gone" else "changed  "
    assert f"{word}   agents/example/知识 文件.txt\n" in done.stdout
    assert "are not as they were built" in done.stderr
    assert not upgrade.applied.exists()
    path.write_bytes(was)
    assert upgrade.old.run("apply", str(upgrade.medium)).returncode == 0
    assert upgrade.is_applied()


def test_of_two_copies_that_are_here_the_right_one_is_taken(upgrade: Upgrade) -> None:
    (upgrade.old.root / "another").write_bytes(b"a fact")
    upgrade.old.write_manifest()
    upgrade.carry()
    (upgrade.old.root / "agents/example/知识 文件.txt").write_bytes(b"a lie!")
    before = tree(upgrade.old.root)
    assert upgrade.old.run("apply", str(upgrade.medium)).returncode == 0
    assert upgrade.is_applied()
    assert tree(upgrade.old.root) == before


def test_an_inventory_that_lied_changes_nothing(upgrade: Upgrade) -> None:
    """The whole new bundle is claimed to be there."""
    upgrade.new.write_manifest()
    upgrade.new.run("inventory", str(upgrade.inventory))
    upgrade.send()
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 1
    assert "unknown     models/small/weights 权重.safetensors" in done.stdout
    assert not upgrade.applied.exists()


def test_an_image_that_is_in_docker_alone_is_taken_from_there(upgrade: Upgrade) -> None:
    layer = (upgrade.old.root / "image/blobs/sha256/ab").read_bytes()
    name = f"image/blobs/sha256/{hashlib.sha256(layer).hexdigest()}"
    for version in (upgrade.old, upgrade.new):
        (version.root / "image/blobs/sha256/ab").rename(version.root / name)
        version.write_manifest()
    shutil.rmtree(upgrade.old.root / "image")
    upgrade.old.docker_says("image", BUNDLE_CONF["IMAGE_ID"])
    other = b"OTHER" * 1000  # of the same size, and not wanted
    files = {"x/layer.tar": layer, "y/layer.tar": other, "j.json": b"{}"}
    (upgrade.old.docker / "saves").write_bytes(saved(files))
    upgrade.carry()
    done = upgrade.old.run("apply", str(upgrade.medium))
    assert done.returncode == 0, done.stdout + done.stderr
    assert upgrade.is_applied()


def test_a_whole_bundle_in_parts_is_taken_too(upgrade: Upgrade) -> None:
    split(upgrade.new.root, upgrade.medium, 262_148)
    assert upgrade.old.run("apply", str(upgrade.medium)).returncode == 0
    assert upgrade.is_applied()


def test_no_folder(upgrade: Upgrade) -> None:
    for arguments in (["apply"], ["apply", "--to"], ["apply", "x", "--to"], ["apply", "--wrong"]):
        assert upgrade.old.run(*arguments).returncode == 2
    assert "there is none in" in upgrade.old.fails("apply", str(upgrade.medium))


def test_what_is_said_in_chinese(upgrade: Upgrade) -> None:
    upgrade.carry()
    done = upgrade.old.run("apply", str(upgrade.medium), LANG="zh_CN.UTF-8")
    assert "新版本已在" in done.stdout
