import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from airgap.bundle import Bundle, lay_out
from airgap.errors import AirgapError
from airgap.store import Store
from airgap.transport import manifest
from airgap.tree import Entry, write
from tests.airgap.blobs import put


def bundle(store: Store, **conf: str) -> Bundle:
    a = Entry(put(store, b"a"))
    return Bundle(
        name="demo",
        conf={"LLM": "minilm", **conf},
        program={"airgap": Entry(put(store, b"#!/bin/sh\necho ran\n"))},
        image={"index.json": a},
        folders={"models": {"minilm": {"config.json": a}}, "pex": {"app.pex": {"": a}}},
    )


def test_a_bundle_lists_every_file_and_its_program_runs(store: Store, tmp_path: Path) -> None:
    dest = tmp_path / "demo"
    write(store, lay_out(store, bundle(store)), dest)
    files = {str(path.relative_to(dest)) for path in dest.rglob("*") if path.is_file()}
    assert files == {
        "MANIFEST",
        "airgap",
        "bundle.conf",
        "image/index.json",
        "models/minilm/config.json",
        "pex/app.pex",
    }
    listed = manifest.parse((dest / "MANIFEST").read_bytes(), "MANIFEST")
    assert set(listed) == files - {"MANIFEST"}
    assert subprocess.check_output([dest / "airgap"]) == b"ran\n"


def test_the_same_parts_are_the_same_bundle(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    assert lay_out(store, bundle(store)) == lay_out(other, bundle(other))


def test_the_shell_reads_back_what_the_conf_says(store: Store, tmp_path: Path) -> None:
    value = '{"temperature": 0, "stop": "$HOME `ls` \\\\"}'
    files = lay_out(store, bundle(store, GENERATION_CONFIG=value))
    conf = store.path(files["bundle.conf"].blob)
    shell = f". '{conf}'; printf %s \"$BUNDLE $GENERATION_CONFIG\""
    assert subprocess.check_output(["sh", "-c", shell]).decode() == f"demo {value}"


def test_the_conf_tells_the_size_of_the_image_and_of_all(store: Store) -> None:
    whole = bundle(store)
    links = {"pex": {"app": {"pex": Entry(put(store, b"12345"), link="__main__.py")}}}
    files = lay_out(store, replace(whole, folders={**whole.folders, **links}))
    conf = store.path(files["bundle.conf"].blob).read_text()
    assert "IMAGE_SIZE='1'\n" in conf
    written = [path for path in files if path not in ("bundle.conf", "MANIFEST", "pex/app/pex")]
    assert f"BUNDLE_SIZE='{sum(files[path].blob.size for path in written)}'\n" in conf


@pytest.mark.parametrize("value", ["it's", "two\nlines"])
def test_a_value_that_cannot_be_quoted_is_refused(store: Store, value: str) -> None:
    with pytest.raises(AirgapError, match="DTYPE"):
        lay_out(store, bundle(store, DTYPE=value))


def test_a_part_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(AirgapError, match="qwen"):
        lay_out(store, bundle(store, LLM="qwen"))


def test_a_bundle_without_its_program_is_refused(store: Store) -> None:
    with pytest.raises(AirgapError, match="airgap"):
        lay_out(store, Bundle("demo", {}, {}, {}))
