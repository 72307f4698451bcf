"""A small bundle of real files around the real program, and a stand-in for Docker's client."""

import os
import py_compile
import shutil
import sys
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, HOST, SOURCES, STAND_IN, Bundle, configure
from tests.host.checked_host import CheckedHost
from tests.host.transfer import Transfer, split
from tests.mounts import not_here
from tests.ports import free_port

SHELLS = ("dash", "busybox sh")


def shell_command(name: str) -> list[str]:
    command = name.split()
    if shutil.which(command[0]) is None:
        not_here(f"{command[0]} is not installed")
    return command


@pytest.fixture
def builder(bundle: Bundle) -> Bundle:
    """A bundle with AgentFabric, and no agent of its own."""
    conf = bundle.root / "bundle.conf"
    conf.write_text(
        conf.read_text().replace("AGENT='example'\n", "") + "BUILDER_STACK='agentfabric'\n"
    )
    shutil.rmtree(bundle.root / "agents")
    bundle.write_manifest()
    ports = {"AIRGAP_BUILDER_PORT": str(free_port())}
    return Bundle(bundle.root, bundle.docker, bundle.shell, {**bundle.settings, **ports})


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program that stands in for Docker's client; compiled once, as it is started often."""
    compiled = str(tmp_path_factory.mktemp("stand-in") / "docker.pyc")
    py_compile.compile(str(STAND_IN), compiled, doraise=True)
    return f"#!/bin/sh\nexec '{sys.executable}' -IS '{compiled}' '{SOURCES}' \"$@\"\n"


@pytest.fixture(params=SHELLS)
def bundle(request: pytest.FixtureRequest, stand_in: str, tmp_path: Path) -> Bundle:
    shell = shell_command(request.param)
    root = tmp_path / "中文 and space" / "demo"
    shutil.copytree(HOST, root, ignore=shutil.ignore_patterns("BUILD", "__pycache__"))
    for name, text in {
        "image/index.json": "{}",
        "image/blobs/sha256/ab": "layer" * 1000,
        "models/small/config.json": "{}",
        "models/small/weights 权重.safetensors": "w" * 2_000_000,
        "models/minilm/config.json": "{}",
        "agents/example/builder_config.json": "{}",
        "agents/example/知识 文件.txt": "a fact",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    lines = [f"{key}='{value}'\n" for key, value in BUNDLE_CONF.items()]
    (root / "bundle.conf").write_text("".join(lines))

    docker = tmp_path / "docker"
    docker.mkdir()
    client = docker / "docker"
    client.write_text(stand_in)
    client.chmod(0o755)
    (docker / "loads").write_text(BUNDLE_CONF["IMAGE_ID"])
    ports = {"AIRGAP_SERVER_PORT": str(free_port()), "AIRGAP_AGENT_PORT": str(free_port())}
    made = Bundle(root, docker, shell, ports)
    made.write_manifest()
    return made


@pytest.fixture
def transfer(bundle: Bundle, tmp_path: Path) -> Transfer:
    """That bundle in parts of 256 KiB, on a medium with the program that joins them."""
    links = bundle.root / "pex" / "agent"
    links.mkdir(parents=True)
    (links / "config.json").symlink_to("../../models/minilm/config.json")
    deep = bundle.root / "wheelhouse" / ("a folder with a long name " * 3) / ("长" * 40)
    deep.mkdir(parents=True)
    (deep / "wheel.whl").write_bytes(os.urandom(300_000))
    (links / "wheel.whl").symlink_to(os.path.relpath(deep / "wheel.whl", links))
    (bundle.root / "image/blobs/sha256" / ("c" * 64)).write_bytes(os.urandom(200_000))
    bundle.write_manifest()
    out = tmp_path / "介质 and space" / "medium"
    split(bundle.root, out, 262_148)
    return Transfer(bundle.root, out, bundle.shell, bundle.environ({}))


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> CheckedHost:
    """A host on which ``airgap check`` finds nothing wrong."""
    return CheckedHost(tmp_path, shell_command(request.param))


@pytest.fixture
def gnu_host(tmp_path: Path) -> CheckedHost:
    """The same; its small tools can be replaced, those inside of busybox cannot."""
    return CheckedHost(tmp_path, shell_command("dash"))


@pytest.fixture
def lived_in(builder: Bundle) -> Bundle:
    """A bundle with agents, knowledge, an account and a cache; nothing runs."""
    assert builder.run("password").returncode == 0
    made = configure(builder)
    (made / "a name\nof two lines 中文.txt").write_bytes(os.urandom(70_000))
    (made / "empty folder").mkdir()
    (made / "empty file").touch(0o600)
    os.utime(made / "empty file", (1, 1))
    configure(builder, "alice")
    (builder.state / "pex").mkdir(exist_ok=True)
    (builder.state / "pex" / "unpacked").write_text("a cache")
    (builder.state / "versions").write_text("of this host")
    return builder


@pytest.fixture
def backup(lived_in: Bundle, tmp_path: Path) -> Path:
    file = tmp_path / "备份 of today.tar"
    done = lived_in.run("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert f"restore {file}" in done.stdout
    return file
