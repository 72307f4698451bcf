"""Puts layers together to an image folder that every container engine loads.

The folder is two formats in one: an OCI image layout (image-spec v1.0, image-layout.md) and, by its
``manifest.json``, what ``docker save`` writes. The first alone does not load in Docker's classic
image store. Layers are not compressed: a compressor's bytes change with its version, and the layers
that an engine has already are then known by the digests that it keeps.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airgap.store import Blob, Store

CREATED = "1970-01-01T00:00:01Z"

MOST_LAYERS = 100
"""Docker's overlay driver stops at 128, podman's earlier where paths are long."""

_TYPE = "application/vnd.oci.image"


@dataclass(frozen=True)
class Layer:
    """An uncompressed layer tar and what is in it, for ``docker history``."""

    blob: Blob
    description: str


@dataclass(frozen=True)
class Run:
    """How a container of the image starts when it is told nothing else.

    Attributes:
        environment: By name.
        entrypoint: The program and its first arguments; may be empty.
        command: Arguments that a user replaces; may be empty.
        labels: Free annotations of the image.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """A finished image.

    Attributes:
        reference: The name to run it by.
        config_digest: ``sha256:…``; what Docker's classic store calls the image's id.
        manifest_digest: ``sha256:…``; what the containerd store calls the image's id.
        files: What the image folder holds: blob by path.
    """

    reference: str
    config_digest: str
    manifest_digest: str
    files: Mapping[str, Blob]


def assemble(store: Store, repository: str, layers: Sequence[Layer], run: Run, user: str) -> Image:
    """Write the image's few small files to the store and name all its files.

    Args:
        store: Has the layers; gets the small files.
        repository: The image's name, with a host: ``localhost/airgap/demo``. The tag is the
            beginning of the manifest's digest, so that one name never means two images.
        layers: From the lowest.
        run: The defaults of a container.
        user: ``uid:gid``.
    """
    config = _json(_config(layers, run, user))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_TYPE}.manifest.v1+json",
            "config": {"mediaType": f"{_TYPE}.config.v1+json", **_descriptor(config)},
            "layers": [
                {
                    "mediaType": f"{_TYPE}.layer.v1.tar",
                    "digest": f"sha256:{layer.blob.sha256}",
                    "size": layer.blob.size,
                }
                for layer in layers
            ],
        }
    )
    config_digest = str(_descriptor(config)["digest"])
    manifest_digest = str(_descriptor(manifest)["digest"])
    tag = manifest_digest.removeprefix("sha256:")[:12]
    reference = f"{repository}:{tag}"
    index = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.index.v1+json",
        "manifests": [
            {
                "mediaType": f"{_TYPE}.manifest.v1+json",
                **_descriptor(manifest),
                "platform": {"architecture": "amd64", "os": "linux"},
                "annotations": {
                    "io.containerd.image.name": reference,
                    "org.opencontainers.image.ref.name": tag,
                },
            }
        ],
    }
    archive = [
        {
            "Config": _path(config_digest),
            "RepoTags": [reference],
            "Layers": [_path(layer.blob.sha256) for layer in layers],
        }
    ]
    small = {
        _path(config_digest): config,
        _path(manifest_digest): manifest,
        "index.json": _json(index),
        "manifest.json": _json(archive),
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
    }
    files = {_path(layer.blob.sha256): layer.blob for layer in layers}
    for path, data in small.items():
        with store.writer(doing="writing the image", subject=path) as out:
            out.write(data)
        files[path] = out.blob
    return Image(reference, config_digest, manifest_digest, dict(sorted(files.items())))


def _config(layers: Sequence[Layer], run: Run, user: str) -> dict[str, Any]:
    """The image configuration (image-spec config.md)."""
    defaults = {
        "User": user,
        "WorkingDir": "/tmp",
        "Env": [f"{name}={value}" for name, value in sorted(run.environment.items())],
        "Entrypoint": list(run.entrypoint),
        "Cmd": list(run.command),
        "Labels": dict(run.labels),
    }
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {name: value for name, value in defaults.items() if value},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{layer.blob.sha256}" for layer in layers],
        },
        "history": [
            {"created": CREATED, "created_by": "airgap", "comment": layer.description}
            for layer in layers
        ],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(data: bytes) -> dict[str, Any]:
    return {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}


def _path(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"
