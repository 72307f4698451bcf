import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from airgap.image.oci import Image, Layer, Run, assemble
from airgap.store import Store


@pytest.fixture
def layers(store: Store) -> list[Layer]:
    made = []
    for text in (b"base", b"wheels"):
        with store.writer() as out:
            out.write(text)
        made.append(Layer(out.blob, text.decode()))
    return made


@pytest.fixture
def image(store: Store, layers: list[Layer]) -> Image:
    run = Run({"B": "2", "A": "1"}, entrypoint=("/bin/x",), labels={"l": "v"})
    return assemble(store, "localhost/airgap/demo", layers, run, "1000:1000")


def load(store: Store, image: Image, path: str) -> Any:
    return json.loads(store.path(image.files[path]).read_text())


def test_every_file_is_named_by_its_hash_and_every_reference_leads_to_one(
    store: Store, image: Image
) -> None:
    for path, blob in image.files.items():
        if path.startswith("blobs/"):
            assert path == f"blobs/sha256/{blob.sha256}"
            assert hashlib.sha256(store.path(blob).read_bytes()).hexdigest() == blob.sha256
    (entry,) = load(store, image, "index.json")["manifests"]
    manifest = load(store, image, f"blobs/sha256/{entry['digest'][7:]}")
    for part in (entry, manifest["config"], *manifest["layers"]):
        assert image.files[f"blobs/sha256/{part['digest'][7:]}"].size == part["size"]
    assert (image.manifest_digest, image.config_digest) == (
        entry["digest"],
        manifest["config"]["digest"],
    )


def test_both_formats_name_the_same_image(store: Store, image: Image, layers: list[Layer]) -> None:
    (archive,) = load(store, image, "manifest.json")
    (entry,) = load(store, image, "index.json")["manifests"]
    manifest = load(store, image, f"blobs/sha256/{entry['digest'][7:]}")
    config = load(store, image, archive["Config"])
    digests = [f"sha256:{layer.blob.sha256}" for layer in layers]
    assert archive["RepoTags"] == [image.reference]
    assert entry["annotations"]["io.containerd.image.name"] == image.reference
    assert archive["Config"] == f"blobs/sha256/{image.config_digest[7:]}"
    assert [f"sha256:{path.rpartition('/')[2]}" for path in archive["Layers"]] == digests
    assert [layer["digest"] for layer in manifest["layers"]] == digests
    assert config["rootfs"]["diff_ids"] == digests
    assert [entry["comment"] for entry in config["history"]] == ["base", "wheels"]


def test_the_reference_follows_the_contents(
    store: Store, image: Image, layers: list[Layer]
) -> None:
    assert image.reference == f"localhost/airgap/demo:{image.manifest_digest[7:19]}"
    other = assemble(store, "localhost/airgap/demo", layers[:1], Run(), "1000:1000")
    assert other.reference != image.reference


def test_config_says_how_to_run(store: Store, image: Image) -> None:
    (archive,) = load(store, image, "manifest.json")
    config = load(store, image, archive["Config"])
    assert config["config"] == {
        "User": "1000:1000",
        "WorkingDir": "/tmp",
        "Env": ["A=1", "B=2"],
        "Entrypoint": ["/bin/x"],
        "Labels": {"l": "v"},
    }
    assert (config["architecture"], config["os"]) == ("amd64", "linux")
    assert config["created"] == "1970-01-01T00:00:01Z"


def test_the_same_layers_give_the_same_bytes(
    store: Store, layers: list[Layer], tmp_path: Path, image: Image
) -> None:
    run = Run({"A": "1", "B": "2"}, entrypoint=("/bin/x",), labels={"l": "v"})
    again = assemble(Store(tmp_path / "other"), "localhost/airgap/demo", layers, run, "1000:1000")
    assert again == image
