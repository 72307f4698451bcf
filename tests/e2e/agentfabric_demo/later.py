"""A later build of a bundle, as an operator gets it when something in the image has changed."""

import json
import re
import shutil
from pathlib import Path

from airgap.image import oci
from airgap.image.tar import LayerTar
from airgap.store import Blob, Store, hash_file
from airgap.transport import manifest
from tests.e2e.bundle import shadow

MARK = "opt/later"
"""A file that only the later image has."""


def later(bundle: Path, folder: Path, store: Store) -> str:
    """Makes the later build in ``folder``: all of ``bundle``, with one layer more in the image.

    Returns the image's reference.
    """
    shadow(bundle, folder)
    # Docker mounts them, so links must not lead out of what is mounted.
    shutil.rmtree(folder / "models")
    (folder / "models").symlink_to(bundle / "models")

    image = _image(bundle, store)
    for path, blob in image.files.items():
        # The layers that are not new are in the bundle alone.
        if store.path(blob).is_file():
            (folder / "image" / path).unlink(missing_ok=True)
            shutil.copyfile(store.path(blob), folder / "image" / path)
    names = {
        "IMAGE": image.reference,
        "IMAGE_ID": image.config_digest,
        "IMAGE_MANIFEST": image.manifest_digest,
    }
    conf = folder / "bundle.conf"
    text = conf.read_text()
    for key, value in names.items():
        text = re.sub(rf"(?m)^{key}=.*$", f"{key}='{value}'", text)
    conf.write_text(text)

    listed = manifest.parse((bundle / manifest.NAME).read_bytes(), "the bundle")
    listed = {path: blob for path, blob in listed.items() if not path.startswith("image/")}
    listed |= {f"image/{path}": blob for path, blob in image.files.items()}
    listed["bundle.conf"] = hash_file(conf)
    (folder / manifest.NAME).write_bytes(manifest.render(listed))
    return image.reference


def _image(bundle: Path, store: Store) -> oci.Image:
    (archive,) = json.loads((bundle / "image" / "manifest.json").read_bytes())
    config = json.loads((bundle / "image" / archive["Config"]).read_bytes())
    layers = [
        oci.Layer(
            Blob(Path(path).name, (bundle / "image" / path).stat().st_size), history["comment"]
        )
        for path, history in zip(archive["Layers"], config["history"], strict=True)
    ]
    with store.writer() as out:
        tar = LayerTar(out)
        tar.file(MARK, b"")
        tar.close()
    layers.append(oci.Layer(out.blob, "what is new"))
    ran = config["config"]
    run = oci.Run(
        environment=dict(each.split("=", 1) for each in ran["Env"]),
        entrypoint=tuple(ran.get("Entrypoint", ())),
        command=tuple(ran.get("Cmd", ())),
        labels=ran.get("Labels", {}),
    )
    repository = archive["RepoTags"][0].rpartition(":")[0]
    return oci.assemble(store, repository, layers, run, ran["User"])
