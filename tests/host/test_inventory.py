"""``airgap inventory`` tells a sender what is here, and nothing that is not."""

import hashlib
import io
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, Bundle
from tests.host.kills import kill_after_lines, lines_of
from tests.host.processes import left_of


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def contents(inventory: Path) -> dict[str, str]:
    """The lines of an inventory, which is as its format says."""
    text = inventory.read_text()
    above, end = text.rsplit("end ", 1)
    assert end == sha256(above.encode()) + "\n"
    first, bundle, *lines = above.splitlines()
    assert first == "airgap-inventory 1"
    assert bundle.startswith("bundle demo sha256:")
    assert lines == sorted(set(lines))
    return dict(line.split(" ") for line in lines)


def test_it_lists_each_content_of_the_bundle_once(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.root / "again").write_text("{}")
    digest = bundle.write_manifest()
    (bundle.root / "airgap.conf").write_text("LOGIN=off\n")
    (bundle.root / "stray").write_text("of nobody")
    done = bundle.run("inventory", str(tmp_path / "my inventory"))
    assert (done.returncode, done.stderr) == (0, "")
    found = contents(tmp_path / "my inventory")
    listed = (bundle.root / "MANIFEST").read_text().splitlines()[1:]
    assert found == dict(line.split(" ")[:2] for line in listed)
    assert digest in (tmp_path / "my inventory").read_text()


def test_without_a_name_it_is_in_the_current_folder_or_beside_the_bundle(
    bundle: Bundle, tmp_path: Path
) -> None:
    beside = bundle.root.parent / "demo-inventory.txt"
    for folder, expected in ((tmp_path, tmp_path / beside.name), (bundle.root, beside)):
        done = subprocess.run(
            [*bundle.shell, bundle.root / "airgap", "inventory"],
            cwd=folder,
            env=bundle.environ({}),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert str(expected) in done.stdout
        assert contents(expected)
    assert bundle.run("verify").returncode == 0


def test_what_is_damaged_or_missing_is_left_out_and_told(bundle: Bundle, tmp_path: Path) -> None:
    weights = bundle.root / "models/small/weights 权重.safetensors"
    was = weights.read_bytes()
    weights.write_bytes(b"v" + was[1:])
    (bundle.root / "README.txt").unlink()
    done = bundle.run("inventory", str(tmp_path / "i"))
    assert done.returncode == 0
    assert "changed     models/small/weights 权重.safetensors\n" in done.stdout
    assert "missing     README.txt\n" in done.stdout
    assert "These 2 files are left out" in done.stdout
    found = contents(tmp_path / "i")
    assert sha256(was) not in found
    assert sha256(weights.read_bytes()) not in found


def saved(files: dict[str, bytes]) -> bytes:
    """As Docker saves an image: with folders, and long names as in pax."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        folder = tarfile.TarInfo("blobs/" + "é" * 120)
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_an_image_that_is_in_docker_alone_counts_if_docker_gives_it_back(
    bundle: Bundle, tmp_path: Path
) -> None:
    layer = b"layer" * 1000
    lost = b"lost " * 1000
    (bundle.root / "image/blobs/sha256/cd").write_bytes(lost)
    bundle.write_manifest()
    shutil.rmtree(bundle.root / "image")
    bundle.docker_says("image", BUNDLE_CONF["IMAGE_ID"])
    # Docker saves what it was given, but for one of the layers.
    other = b"other" * 1000
    tar = saved({"x/layer.tar": layer, "y/layer.tar": other, "repositories": b"{}"})
    (bundle.docker / "saves").write_bytes(tar)
    done = bundle.run("inventory", str(tmp_path / "i"))
    assert done.returncode == 0, done.stderr
    found = contents(tmp_path / "i")
    assert found[sha256(layer)] == "0"
    assert sha256(lost) not in found
    assert sha256(other) not in found
    assert "missing     image/blobs/sha256/cd\n" in done.stdout
    assert "image/blobs/sha256/ab" not in done.stdout


@pytest.mark.parametrize("tar", [b"", b"x" * 5000, saved({"a": b"layer" * 1000})[:3000]])
def test_what_docker_saves_badly_is_left_out(bundle: Bundle, tmp_path: Path, tar: bytes) -> None:
    shutil.rmtree(bundle.root / "image")
    bundle.docker_says("image", BUNDLE_CONF["IMAGE_ID"])
    (bundle.docker / "saves").write_bytes(tar)
    assert bundle.run("inventory", str(tmp_path / "i")).returncode == 0
    assert sha256(b"layer" * 1000) not in contents(tmp_path / "i")


def test_where_it_cannot_be_written(bundle: Bundle, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "no" / "i"):
        assert "cannot be written" in bundle.fails("inventory", str(place))
    assert bundle.run("inventory", "a", "b").returncode == 2


def test_an_inventory_that_is_there_is_replaced_whole(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "i").write_text("old " * 100_000)
    bundle.run("inventory", str(tmp_path / "i"))
    assert contents(tmp_path / "i")
    assert not (tmp_path / "i.partial").exists()


def test_killed_at_any_moment_it_leaves_a_whole_one_or_that_from_before(
    bundle: Bundle, tmp_path: Path
) -> None:
    file = tmp_path / "i"
    lines = lines_of(lambda: bundle.start("inventory", file))
    right = file.read_text()
    file.write_text("that from before")

    def after() -> None:
        assert file.read_text() in (right, "that from before")
        file.write_text("that from before")

    kill_after_lines(lambda: bundle.start("inventory", file), lines, after, seed=8)
    assert bundle.run("inventory", str(file)).returncode == 0
    assert file.read_text() == right
    assert sorted(path.name for path in tmp_path.glob("i*")) == ["i"]


def test_a_signal_does_not_wait_until_docker_has_saved(bundle: Bundle, tmp_path: Path) -> None:
    shutil.rmtree(bundle.root / "image")
    bundle.docker_says("image", BUNDLE_CONF["IMAGE_ID"])
    (bundle.docker / "saves").write_bytes(b"")
    client = bundle.docker / "docker"
    stand_in = client.read_text().splitlines()
    client.write_text("\n".join([stand_in[0], '[ "$1" != save ] || sleep 600', *stand_in[1:]]))
    running = bundle.start("inventory", tmp_path / "i")
    assert running.stdout is not None
    while "out of Docker" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
    assert left_of(running.pid) == []
