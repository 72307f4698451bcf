"""A bundle whose image is in Docker alone: its layers come out of a real Docker, to the byte."""

import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

from airgap.store import Store
from airgap.transport.delta import delta
from tests.host.bundle import BUNDLE_CONF, HOST, Bundle
from tests.host.test_join import tree


def layer(number: int) -> bytes:
    """A layer with long names and files of many sizes."""
    data = random.Random(number)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for index in range(20):
            info = tarfile.TarInfo(f"d{number}/" + "long name " * 12 + str(index))
            info.size = data.randrange(70_000)
            tar.addfile(info, io.BytesIO(data.randbytes(info.size)))
    return out.getvalue()


def make_bundle(root: Path, docker_host: str) -> Bundle:
    shutil.copytree(HOST, root, ignore=shutil.ignore_patterns("BUILD", "__pycache__"))
    layers = {hashlib.sha256(data).hexdigest(): data for data in map(layer, range(3))}
    diff_ids = [f"sha256:{sha256}" for sha256 in layers]
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
    ).encode()
    image_id = hashlib.sha256(config).hexdigest()
    listing = {
        "Config": f"blobs/sha256/{image_id}",
        "RepoTags": [BUNDLE_CONF["IMAGE"]],
        "Layers": [f"blobs/sha256/{sha256}" for sha256 in layers],
    }
    files = {f"image/blobs/sha256/{name}": data for name, data in layers.items()}
    conf = {**BUNDLE_CONF, "IMAGE_ID": f"sha256:{image_id}"}
    files |= {
        f"image/blobs/sha256/{image_id}": config,
        "image/manifest.json": json.dumps([listing]).encode(),
        "models/small/config.json": b"{}",
        "models/small/model.safetensors": b"w",
        "models/minilm/configuration.json": b"{}",
        "agents/example/builder_config.json": b"{}",
        "bundle.conf": "".join(f"{key}='{value}'\n" for key, value in conf.items()).encode(),
    }
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    bundle = Bundle(root, root, ["sh"], {"DOCKER_HOST": docker_host})
    bundle.write_manifest()
    return bundle


def test_what_docker_has_is_neither_sent_nor_lost(docker_host: str, tmp_path: Path) -> None:
    old = make_bundle(tmp_path / "host/demo", docker_host)
    shutil.copytree(old.root, tmp_path / "build/demo")
    new = Bundle(tmp_path / "build/demo", old.docker, old.shell, old.settings)
    (new.root / "README.txt").write_text("newer")
    digest = new.write_manifest().removeprefix("sha256:")
    done = old.run("load")
    assert done.returncode == 0, done.stderr
    try:
        shutil.rmtree(old.root / "image")
        inventory = tmp_path / "inventory"
        done = old.run("inventory", str(inventory))
        assert done.returncode == 0, done.stderr
        layers = json.loads((new.root / "image/manifest.json").read_text())[0]["Layers"]
        for path in layers:
            assert f"{os.path.basename(path)} 0\n" in inventory.read_text()
        store = Store(tmp_path / "store")
        delta(store, HOST.parents[1], inventory, new.root, tmp_path / "out", 1 << 30, 0)
        (part,) = (tmp_path / "out").glob("*.part")
        assert part.stat().st_size < 100_000
        done = old.run("apply", str(tmp_path / "out"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert tree(tmp_path / f"host/demo-{digest[:12]}") == tree(new.root)
    finally:
        command = ["docker", "image", "rm", BUNDLE_CONF["IMAGE"]]
        subprocess.run(command, env={**os.environ, "DOCKER_HOST": docker_host}, check=True)
