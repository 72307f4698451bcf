"""``airgap-parts join --load`` sends the image straight into Docker."""

import io
import tarfile
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, Bundle
from tests.host.transfer import Transfer


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "目标"


def test_the_image_takes_no_room_in_the_folder(
    transfer: Transfer, bundle: Bundle, dest: Path
) -> None:
    done = transfer.run("join", "--load", dest)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert not (dest / "demo" / "image").exists()
    with tarfile.open(fileobj=io.BytesIO((bundle.docker / "loaded.tar").read_bytes())) as tar:
        image = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert image == {
        str(path.relative_to(transfer.bundle / "image")): path.read_bytes()
        for path in (transfer.bundle / "image").rglob("*")
        if path.is_file()
    }


def test_the_joined_bundle_is_whole_while_docker_has_its_image(
    transfer: Transfer, bundle: Bundle, dest: Path
) -> None:
    transfer.run("join", "--load", dest)
    joined = Bundle(dest / "demo", bundle.docker, bundle.shell, bundle.settings)
    done = joined.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Docker has the image: {BUNDLE_CONF['IMAGE']}" in done.stdout
    (joined.root / "README.txt").unlink()
    done = joined.run("verify")
    assert done.returncode == 1
    assert "1 of its files are not right" in done.stderr
    (bundle.docker / "image").unlink()
    assert "missing     image/index.json" in joined.run("verify").stdout


def test_an_image_that_docker_lost_is_loaded_again(
    transfer: Transfer, bundle: Bundle, dest: Path
) -> None:
    transfer.run("join", "--load", dest)
    assert transfer.run("join", "--load", dest).returncode == 0
    assert len(bundle.calls("load")) == 1
    (bundle.docker / "image").unlink()
    assert transfer.run("join", "--load", dest).returncode == 0
    assert len(bundle.calls("load")) == 2


def test_another_image_is_refused(transfer: Transfer, bundle: Bundle, dest: Path) -> None:
    bundle.docker_says("loads", "sha256:" + "9" * 64)
    assert "has the id" in transfer.fails("join", "--load", dest)
    assert not (dest / "demo").exists()
    bundle.docker_says("loads", BUNDLE_CONF["IMAGE_ID"])
    assert transfer.run("join", "--load", dest).returncode == 0


def test_docker_is_asked_before_anything_is_written(
    transfer: Transfer, bundle: Bundle, dest: Path
) -> None:
    bundle.docker_says("version-error", "Cannot connect to the Docker daemon")
    assert "a running Docker daemon" in transfer.fails("join", "--load", dest)
    assert not dest.exists()
    said = transfer.fails("join", "--load", dest, AIRGAP_DOCKER="no-such-client")
    assert 'there is no command "no-such-client"' in said


def test_the_client_is_not_chosen_by_what_came(
    transfer: Transfer, bundle: Bundle, dest: Path, tmp_path: Path
) -> None:
    """bundle.conf may hold settings; which program runs is not for it to say."""
    conf = dest / "demo" / "bundle.conf"
    assert transfer.run("join", dest).returncode == 0
    size = conf.stat().st_size
    text = conf.read_text().replace("MAX_MODEL_LEN='8192'\n", "")
    text += f"DOCKER='touch {tmp_path}/ran'\n"
    conf.write_text(text.ljust(size, "\n"))
    transfer.run("join", "--load", dest)
    assert not (tmp_path / "ran").exists()
