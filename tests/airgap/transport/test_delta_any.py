"""Any two versions of a bundle: what `delta` sends, `airgap apply` makes the newer one of."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.store import Store
from airgap.transport import manifest
from airgap.transport.delta import delta
from tests.airgap.transport.bundles import ROOT
from tests.airgap.transport.effort import trying
from tests.airgap.transport.trees import CONTENTS, FILES, PATHS, fill, look_of, without_clashes
from tests.host.bundle import BUNDLE_CONF, HOST

Files = dict[str, tuple[bytes, bool]]


def make(folder: Path, files: Files, linked: list[str]) -> Path:
    """A bundle with the programs of the host."""
    shutil.copytree(HOST, folder, ignore=shutil.ignore_patterns("BUILD", "__pycache__"))
    conf = "".join(f"{key}='{value}'\n" for key, value in BUNDLE_CONF.items())
    (folder / "bundle.conf").write_text(conf)
    return fill(folder, files, linked)


def host(bundle: Path, *arguments: str | Path) -> str:
    environ = {"PATH": "/usr/bin:/bin", "AIRGAP_DOCKER": "no-docker-here"}
    done = subprocess.run(
        ["sh", bundle / "airgap", *arguments], env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def arrives(folder: Path, old: Path, new: Path, size: int = 65_536) -> None:
    """Inventory, delta and apply; then both versions are what they were made as."""
    before = look_of(old)
    host(old, "inventory", folder / "inventory")
    delta(Store(folder / "store"), ROOT, folder / "inventory", new, folder / "out", size, 0)
    host(old, "apply", folder / "out")
    digest = manifest.digest((new / "MANIFEST").read_bytes())
    assert look_of(old.parent / f"{BUNDLE_CONF['BUNDLE']}-{digest[:12]}") == look_of(new)
    assert look_of(old) == before


def changed(data: st.DataObject, old: Files) -> Files:
    """A later version: of its files some are as they were, gone, moved, swapped or changed."""
    paths = sorted(old)
    new: Files = {}
    for path in paths:
        content, executable = old[path]
        other = data.draw(st.sampled_from(paths))
        what = data.draw(
            st.sampled_from(["same", "gone", "moved", "swapped", "twice", "mode", "new"])
        )
        if what in ("same", "twice"):
            new[path] = old[path]
        if what in ("moved", "twice"):
            new[data.draw(PATHS)] = old[path]
        if what == "swapped":
            new[path], new[other] = old[other], old[path]
        if what == "mode":
            new[path] = content, not executable
        if what == "new":
            new[path] = data.draw(CONTENTS), executable
    return without_clashes({**new, **data.draw(FILES), "models/number": (b"2", False)})


@trying(25)
@given(st.data())
def test_the_newer_version_is_made_of_the_older_one_and_what_came(data: st.DataObject) -> None:
    old_files = without_clashes(data.draw(FILES))
    new_files = changed(data, old_files)
    with tempfile.TemporaryDirectory() as name:
        folder, versions = Path(name), list[Path]()
        for way, files in (("host", old_files), ("build", new_files)):
            linked = (
                data.draw(st.lists(st.sampled_from(sorted(files)), max_size=2)) if files else []
            )
            versions.append(make(folder / way / "demo", files, linked))
        old, new = versions
        arrives(folder, old, new, data.draw(st.integers(20_000, 300_000)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": (b"1", False)}, {"a": (b"1", True)}),
        ({"a": (b"1", True)}, {"a": (b"1", False)}),
        ({"a": (b"1", True)}, {"b": (b"1", False)}),
        ({"a": (b"1", False)}, {"a": (b"1", False), "b": (b"1", True)}),
        ({"a": (b"1", True)}, {"a": (b"1", True), "b": (b"1", False)}),
        ({}, {"a": (b"1", True), "b": (b"1", False)}),
        ({}, {"a": (b"1", False), "b": (b"1", True)}),
    ],
)
def test_a_file_whose_mode_alone_is_another_arrives_with_it(
    tmp_path: Path, old: Files, new: Files
) -> None:
    older = make(tmp_path / "host/demo", {"number": (b"1", False), **old}, [])
    newer = make(tmp_path / "build/demo", {"number": (b"2", False), **new}, [])
    arrives(tmp_path, older, newer)
