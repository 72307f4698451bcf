"""A bundle's specification over small wheels, packages, a source and models."""

import json
import tarfile
from pathlib import Path
from typing import Any

from airgap.inputs import Workshop
from airgap.locks import debian, model, python
from airgap.locks.debian import Package
from airgap.locks.model import ModelFile, ModelLock
from airgap.locks.model_origin import FolderOrigin, HubOrigin
from airgap.locks.python import Wheel
from airgap.sbom.assemble import bill_of, with_image
from airgap.sbom.bill import Bill
from airgap.steps import Missing, run
from airgap.store import Blob, Store
from tests.airgap.blobs import put
from tests.airgap.image.packages import make_deb
from tests.airgap.small_wheels import add_wheel

IMAGE = "localhost/airgap/demo:1", f"sha256:{'1' * 64}"


class SmallBundle:
    """A folder with locks, whose blobs are in the store, and the specification that names them."""

    def __init__(self, store: Store, root: Path) -> None:
        self.shop = Workshop(store, root)
        shared = add_wheel(store, "shared", "1.0", {}, metadata=["License: MIT"])
        closed = add_wheel(
            store, "closed", "12.8+cu", {}, metadata=["License: NVIDIA Proprietary Software"]
        )
        vendored = "Metadata-Version: 2.1\nName: inner\nVersion: 2.0\nLicense: ISC\n"
        outer = add_wheel(store, "outer", "3.0", {"outer/inner.dist-info/METADATA": vendored})
        root.mkdir()
        (root / "backends.lock").write_text("")
        (root / "program").write_text("#!/bin/sh\n")
        (root / "app.py").write_text("print()\n")
        self.wheels = {"one": (shared, outer), "two": (shared, closed)}
        for name, wheels in self.wheels.items():
            (root / f"{name}.lock").write_text(python.render(wheels))
        self.packages = (self._package("base-files", "12.4"), self._package("libc6", "2.36-9+b1"))
        (root / "debian.lock").write_text(debian.render(self.packages))
        files = (ModelFile("config.json", put(store, b"{}")),)
        hub = HubOrigin("qwen/Small", "master", "a" * 40)
        for lock in (
            ModelLock("open", "Apache-2.0", hub, None, files),
            ModelLock("unknown", "NOASSERTION", FolderOrigin(), None, files),
        ):
            (root / f"{lock.name}.lock").write_text(model.render(lock))
        image_files = [["app/app.py", "app.py"]]
        self.spec: dict[str, Any] = {
            "kind": "bundle",
            "name": "demo",
            "image": {
                "debian": {"lock": "debian.lock"},
                "wheelhouses": [_stack("one"), _stack("two")],
                "sources": [],
                "files": image_files,
            },
            "wheelhouses": [_stack("one")],
            "models": [_model("open"), _model("unknown")],
            "pexes": [
                {
                    "name": "program",
                    "layout": "zipapp",
                    "wheelhouse": _stack("two"),
                    "sources": [],
                    "files": image_files,
                }
            ],
            "agents": [],
            "program": [["airgap", "program"]],
        }

    def bill(self) -> Bill:
        """The bill, after all steps that it asks for."""
        while True:
            try:
                bill = bill_of(self.shop, self.spec)
                break
            except Missing as missing:
                for step in missing.steps:
                    run(self.shop.store, step.kind, json.loads(json.dumps(step.value)))
        return with_image(bill, *IMAGE)

    def _package(self, name: str, version: str) -> Package:
        text = tarfile.TarInfo(f"./usr/share/doc/{name}/copyright"), b"Format: x\n\nLicense: x\n"
        with self.shop.store.workdir() as work:
            blob: Blob = self.shop.store.add(make_deb(work, name, text))
        path = f"pool/main/x/{name}/{name}_{version}_amd64.deb"
        return Package(name, version, "amd64", path, blob)


def _stack(name: str) -> dict[str, Any]:
    return {
        "kind": "wheelhouse",
        "name": name,
        "lock": f"{name}.lock",
        "build_backends": "backends.lock",
    }


def _model(name: str) -> dict[str, Any]:
    return {"kind": "model", "name": name, "lock": f"{name}.lock", "input": f"{name}.toml"}


def wheel_named(bundle: SmallBundle, name: str) -> Wheel:
    """One of the bundle's wheels."""
    return next(
        wheel for wheels in bundle.wheels.values() for wheel in wheels if wheel.name == name
    )
