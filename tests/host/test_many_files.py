"""Many files: to join and to apply takes so much for each of them, however many there are.

`AIRGAP_TEST_FILES=100000` gives the full number, for which some minutes pass.
"""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, HOST, Bundle
from tests.host.conftest import shell_command
from tests.host.delta import Upgrade
from tests.host.test_join import same
from tests.host.transfer import Transfer, split

FILES = int(os.environ.get("AIRGAP_TEST_FILES", "2000"))
_SECONDS = 0.0015
"""Of a processor, for each file. To start one program for each would take about as much more."""


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    root = tmp_path / "host" / "demo"
    shutil.copytree(HOST, root, ignore=shutil.ignore_patterns("BUILD", "__pycache__"))
    conf = "".join(f"{key}='{value}'\n" for key, value in BUNDLE_CONF.items())
    (root / "bundle.conf").write_text(conf)
    for number in range(FILES):
        path = root / f"models/m/{number // 1000}/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * 20)
    docker = tmp_path / "docker"
    docker.mkdir()
    bundle = Bundle(root, docker, shell_command("dash"), {})
    bundle.write_manifest()
    return bundle


def processor_seconds(command: list[str | Path], environ: dict[str, str]) -> float:
    """What a command took of the processors; it must end well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_joining(bundle: Bundle, tmp_path: Path) -> None:
    split(bundle.root, tmp_path / "out", 1 << 30)
    transfer = Transfer(bundle.root, tmp_path / "out", bundle.shell, bundle.environ({}))
    command: list[str | Path] = [*transfer.command(["join", tmp_path / "dest"])]
    assert processor_seconds(command, transfer.environ) < 2 + FILES * _SECONDS
    assert same(tmp_path / "dest" / "demo", bundle.root)


def test_joining_links_where_there_are_none(bundle: Bundle, tmp_path: Path) -> None:
    """As on FAT: what a link leads to is copied, which takes a program for each."""
    for number in range(FILES):
        link = bundle.root / f"pex/{number // 1000}/{number}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../models/m/{number // 1000}/{number}")
    bundle.write_manifest()
    split(bundle.root, tmp_path / "out", 1 << 30)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ln").write_text("#!/bin/sh\nexit 1\n")
    (tools / "ln").chmod(0o755)
    environ = bundle.environ({"PATH": f"{tools}:{os.environ['PATH']}"})
    command = [*bundle.shell, tmp_path / "out/airgap-parts", "join", tmp_path / "dest"]
    assert processor_seconds(command, environ) < 4 + 2 * FILES * 3 * _SECONDS
    joined = tmp_path / "dest/demo/pex/0/1"
    assert joined.read_bytes() == b"1" * 20 and not joined.is_symlink()


def test_applying(bundle: Bundle, tmp_path: Path) -> None:
    new = Bundle(tmp_path / "build/demo", bundle.docker, bundle.shell, bundle.settings)
    shutil.copytree(bundle.root, new.root)
    for number in range(0, FILES, 10):
        path = new.root / f"models/m/{number // 1000}/{number}"
        path.rename(path.with_name(f"moved {number}"))
    (new.root / "new").write_text("new")
    upgrade = Upgrade(bundle, new, tmp_path / "medium")
    upgrade.take_inventory()
    upgrade.send(1 << 30)
    command = [*bundle.shell, bundle.root / "airgap", "apply", upgrade.medium]
    assert processor_seconds(command, bundle.environ({})) < 2 + FILES * _SECONDS
    assert upgrade.is_applied()
