"""A bundle of a few files, with a real image folder, as two builds of it would be."""

from pathlib import Path

from airgap.bundle import Bundle, lay_out
from airgap.image.oci import Layer, Run, assemble
from airgap.store import Store
from airgap.tree import Entry, Tree, write
from tests.airgap.blobs import put


def small_bundle(
    store: Store, *, wheel: bytes = b"wheel", layer: bytes = b"layer", app: bytes = b"app"
) -> Tree:
    """The bundle ``demo`` as a tree: a wheel, and an image of two layers."""
    layers = [Layer(put(store, layer), "agent: torch 2.13.0"), Layer(put(store, app), "the apps")]
    image = assemble(store, "localhost/airgap/demo", layers, Run(), user="1000:1000")
    wheels = {"jieba-0.42.1-py3-none-any.whl": Entry(put(store, wheel))}
    return lay_out(
        store,
        Bundle(
            name="demo",
            conf={"IMAGE": image.reference},
            program={"airgap": Entry(put(store, b"#!/bin/sh\n"))},
            image={path: Entry(blob) for path, blob in image.files.items()},
            folders={"wheelhouse": {"agent": wheels}},
        ),
    )


def write_bundle(folder: Path, **contents: bytes) -> Path:
    """`small_bundle` as a folder."""
    store = Store(folder.with_name(f"{folder.name}-store"))
    write(store, small_bundle(store, **contents), folder, last="MANIFEST")
    return folder
