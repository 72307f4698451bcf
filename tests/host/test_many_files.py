"""Many files: to join and to apply starts few programs, and not one for each file.

`AIRGAP_TEST_FILES=100000` gives the full number, for which some minutes pass.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, HOST, Bundle
from tests.host.conftest import shell_command
from tests.host.delta import Upgrade
from tests.host.test_join import same
from tests.host.transfer import Transfer, split

FILES = int(os.environ.get("AIRGAP_TEST_FILES", "2000"))
PROGRAMS = (
    "awk cat cp dd find grep head ln mkdir mv od rm sed sha256sum sort stat tail tar tr wc xargs"
).split()


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


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of programs that note that they were started."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in PROGRAMS:
        real = shutil.which(name)
        (tools / name).write_text(f'#!/bin/sh\necho {name} >>"{tools}/started"\nexec {real} "$@"\n')
        (tools / name).chmod(0o755)
    return tools


def started(tools: Path) -> Counter[str]:
    return Counter((tools / "started").read_text().split())


def test_joining(bundle: Bundle, tools: Path, tmp_path: Path) -> None:
    split(bundle.root, tmp_path / "out", 1 << 30)
    path = f"{tools}:{os.environ['PATH']}"
    transfer = Transfer(bundle.root, tmp_path / "out", bundle.shell, bundle.environ({"PATH": path}))
    done = transfer.run("join", tmp_path / "dest")
    assert done.returncode == 0, done.stderr
    assert same(tmp_path / "dest" / "demo", bundle.root)
    count = started(tools)
    # Headers of small files are read several at once, and so are files.
    assert count.pop("od") < FILES / 4
    assert count.total() < 200 + FILES / 30


def test_joining_links_where_there_are_none(bundle: Bundle, tools: Path, tmp_path: Path) -> None:
    """As on FAT: what a link leads to is copied."""
    for number in range(FILES):
        link = bundle.root / f"pex/{number // 1000}/{number}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../models/m/{number // 1000}/{number}")
    bundle.write_manifest()
    split(bundle.root, tmp_path / "out", 1 << 30)
    (tools / "ln").write_text("#!/bin/sh\nexit 1\n")
    path = f"{tools}:{os.environ['PATH']}"
    transfer = Transfer(bundle.root, tmp_path / "out", bundle.shell, bundle.environ({"PATH": path}))
    done = transfer.run("join", tmp_path / "dest")
    assert done.returncode == 0, done.stderr
    joined = tmp_path / "dest/demo/pex/0/1"
    assert joined.read_bytes() == b"1" * 20 and not joined.is_symlink()
    count = started(tools)
    assert count.pop("cp") < FILES + 10
    assert count.pop("od") < FILES / 2
    assert count.total() < 200 + FILES / 10


def test_applying(bundle: Bundle, tools: Path, tmp_path: Path) -> None:
    new = Bundle(tmp_path / "build/demo", bundle.docker, bundle.shell, bundle.settings)
    shutil.copytree(bundle.root, new.root)
    for number in range(0, FILES, 100):
        path = new.root / f"models/m/{number // 1000}/{number}"
        path.rename(path.with_name(f"moved {number}"))
    (new.root / "new").write_text("new")
    upgrade = Upgrade(bundle, new, tmp_path / "medium")
    upgrade.take_inventory()
    upgrade.send(1 << 30)
    environ = {"PATH": f"{tools}:{os.environ['PATH']}"}
    done = bundle.run("apply", str(upgrade.medium), **environ)
    assert done.returncode == 0, done.stderr
    assert upgrade.is_applied()
    assert started(tools).total() < 400 + FILES / 20
