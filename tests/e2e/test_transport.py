"""The demo on its way: signed, cut into parts, damaged, mended, and joined straight into Docker.

What builds and what receives are the tool and the host's program as they are; the host has no
minisign, and its Docker has no image.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from airgap import cli
from tests.airgap.transport.bundles import ROOT
from tests.e2e.bundle import Bundle
from tests.e2e.intranet import Seen
from tests.e2e.needs import PATH
from tests.host.bundle import path_without

PART = "700M"
DAMAGED = 3
NEEDED = 20_000_000_000
"""Bytes of disk: parts, the bundle made of them, and the image twice while Docker loads it."""


def on_build_machine(outside: Seen, *arguments: str | Path) -> None:
    """Runs the tool where packages can be fetched: split takes par2 from Debian's mirror once."""
    done = subprocess.run(
        [*outside.at_home(), sys.executable, "-m", cli.__name__, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr


def link_or_copy(source: str, target: str) -> None:
    """Nothing writes to the files of the bundle, so their content need not be there twice."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def middle(path: Path) -> int:
    """The byte in the middle of a file."""
    with path.open("rb") as file:
        file.seek(path.stat().st_size // 2)
        return file.read(1)[0]


@dataclass(frozen=True)
class Medium:
    """A folder of parts, and how the receiver runs the program that came with them.

    Attributes:
        environ: DOCKER_HOST and settings, with a PATH that has no minisign.
    """

    folder: Path
    environ: dict[str, str]

    def part(self, number: int) -> Path:
        (path,) = self.folder.glob(f"*.{number:03}.part")
        return path

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["sh", self.folder / "airgap-parts", *arguments],
            cwd="/",
            env={"LANG": "C.UTF-8", **self.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1200,
        )


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for gigabytes, removed at once."""
    path = tmp_path_factory.mktemp("transport")
    if shutil.disk_usage(path).free < NEEDED:
        pytest.fail(f"parts, what is made of them and Docker need {NEEDED // 10**9} GB in {path}")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def keys(outside: Seen, room: Path) -> Path:
    on_build_machine(outside, "key", "new", "--no-password", room / "keys")
    return room / "keys"


@pytest.fixture(scope="module")
def environ(room: Path, keys: Path) -> dict[str, str]:
    """Of a host that has no minisign and takes nothing that is not signed with this key."""
    return {
        "PATH": path_without("minisign", room / "bin", PATH),
        "AIRGAP_PUBLIC_KEY": (keys / "minisign.pub").read_text().splitlines()[1],
        "AIRGAP_STATE_DIR": str(room / "状态"),
    }


@pytest.fixture(scope="module")
def signed(demo_folder: Path, outside: Seen, room: Path, keys: Path) -> Path:
    folder = room / "built" / "demo"
    shutil.copytree(demo_folder, folder, symlinks=True, copy_function=link_or_copy)
    on_build_machine(outside, "sign", folder, "--key", keys / "minisign.key")
    return folder


@pytest.fixture(scope="module")
def medium(signed: Path, outside: Seen, room: Path, environ: dict[str, str]) -> Medium:
    """All parts and the recovery files for one; a bit of one part is not as it was."""
    medium = Medium(room / "介质 1", environ)
    options = ["--size", PART, "--parity", "1"]
    on_build_machine(outside, "split", *options, signed, medium.folder)
    byte = middle(medium.part(DAMAGED))
    with medium.part(DAMAGED).open("r+b") as part:
        part.seek(medium.part(DAMAGED).stat().st_size // 2)
        part.write(bytes([byte ^ 1]))
    return medium


@pytest.fixture(scope="module")
def mended(medium: Medium) -> Path:
    """The folder with the part that was made anew from the recovery files."""
    folder = medium.folder.with_name("介质 2")
    done = medium.run("repair", "--to", folder, medium.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def joined(medium: Medium, mended: Path, demo: Bundle, room: Path) -> Iterator[Bundle]:
    """The bundle as ``airgap-parts join --load`` leaves it, on a Docker that had nothing."""
    done = demo.airgap("uninstall")
    assert done.returncode == 0, done.stderr
    demo.docker("image", "prune", "--all", "--force")
    assert demo.docker("image", "ls", "--all", "--quiet") == ""
    for path in (medium.part(DAMAGED), *medium.folder.glob("*.par2")):
        path.unlink()
    environ = {**medium.environ, "DOCKER_HOST": demo.environ["DOCKER_HOST"]}
    receiver = replace(medium, environ=environ)
    done = receiver.run("join", "--load", room / "srv", medium.folder, mended)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(medium.folder)
    shutil.rmtree(mended)
    bundle = Bundle(room / "srv" / "demo", environ)
    yield bundle
    bundle.airgap("down", AIRGAP_PUBLIC_KEY="")


def test_the_minisign_of_the_bundle_s_own_image_knows_its_signature(
    signed: Path, environ: dict[str, str]
) -> None:
    done = Bundle(signed, environ).airgap("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "says the minisign that came with the bundle itself" in done.stdout
    assert str(signed / "image") in done.stdout


def test_the_damaged_part_is_named_and_no_other(medium: Medium) -> None:
    done = medium.run("verify", medium.folder)
    assert done.returncode == 1
    named = [line for line in done.stdout.splitlines() if "part " in line]
    assert [line for line in named if line.startswith(("damaged", "missing", "no part"))] == [
        f"damaged     part {DAMAGED}: {medium.part(DAMAGED)}"
    ]
    assert f"missing: none; damaged: {DAMAGED};" in done.stderr


def test_it_is_made_anew_and_what_came_is_not_changed(medium: Medium, mended: Path) -> None:
    came = medium.part(DAMAGED)
    assert [path.name for path in mended.iterdir()] == [came.name]
    assert middle(mended / came.name) == middle(came) ^ 1


def test_the_image_goes_into_docker_alone_and_the_bundle_answers(joined: Bundle) -> None:
    assert not (joined.folder / "image").exists()
    done = joined.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "says the minisign that came with the bundle itself" in done.stdout
    done = joined.airgap("chat", "What is the capital of France?")
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout


def test_a_list_that_was_changed_since_it_was_signed_is_refused(joined: Bundle) -> None:
    with (joined.folder / "MANIFEST").open("a") as listing:
        listing.write(f"{'0' * 64} 5 smuggled\n")
    for command in ("verify", "up"):
        done = joined.airgap(command)
        assert done.returncode == 1, done.stdout
        assert "is not what was signed with the key" in done.stderr
