"""Any two versions, any inventory: ``airgap apply`` makes the newer one whole, or says why not."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.host.bundle import BUNDLE_CONF, HOST, Bundle
from tests.host.conftest import SHELLS, shell_command
from tests.host.delta import Upgrade
from tests.host.test_join import tree

NAMES = st.text("aZ0 .é漢-\\'\"$`*?&;#~", min_size=1, max_size=40).filter(lambda n: n.strip("."))
PATHS = st.one_of(
    NAMES.map("models/small/{}".format),
    NAMES.map("image/blobs/sha256/{}".format),
    NAMES.map("agents/{}".format),
    st.builds("wheelhouse/{}/{}".format, NAMES, NAMES),
)
CONTENTS = st.one_of(
    st.sampled_from([b"", b"1", b"two", b"3" * 600, b"four" * 3000]), st.binary(max_size=700)
)
Value = TypeVar("Value", str, bytes)
FILES = st.dictionaries(PATHS, CONTENTS, max_size=8)


@pytest.fixture(params=SHELLS, scope="module")
def shell(request: pytest.FixtureRequest) -> list[str]:
    return shell_command(request.param)


def make(root: Path, shell: list[str], files: dict[str, bytes], links: list[str]) -> Bundle:
    shutil.copytree(HOST, root, ignore=shutil.ignore_patterns("BUILD", "__pycache__"))
    conf = "".join(f"{key}='{value}'\n" for key, value in BUNDLE_CONF.items())
    models = {"models/small/config.json": b"{}", "models/small/w.bin": b"w"}
    for path, data in {**models, "models/minilm/configuration.json": b"{}", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "bundle.conf").write_text(conf)
    (root / "pex").mkdir()
    for number, path in enumerate(links):
        (root / f"pex/link {number}").symlink_to(f"../{path}")
    docker = root.parent / "docker"
    docker.mkdir(exist_ok=True)
    bundle = Bundle(root, docker, shell, {"AIRGAP_DOCKER": "no-docker-here"})
    bundle.write_manifest()
    return bundle


def add_lies(inventory: Path, lies: list[bytes]) -> None:
    above = inventory.read_text().rpartition("end ")[0]
    head, lines = above.splitlines()[:2], set(above.splitlines()[2:])
    lines |= {f"{hashlib.sha256(lie).hexdigest()} {len(lie)}" for lie in lies}
    text = "".join(f"{line}\n" for line in [*head, *sorted(lines)])
    inventory.write_text(f"{text}end {hashlib.sha256(text.encode()).hexdigest()}\n")


def some_of(data: st.DataObject, values: Iterable[Value]) -> list[Value]:
    choice = sorted(set(values))
    return data.draw(st.lists(st.sampled_from(choice), unique=True)) if choice else []


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_the_newer_one_is_whole_or_it_is_said_what_lacks(
    shell: list[str], data: st.DataObject
) -> None:
    old_files = data.draw(FILES)
    shared = some_of(data, old_files)
    moved = data.draw(st.dictionaries(PATHS, st.sampled_from(sorted(old_files.values()) or [b""])))
    files = {**data.draw(FILES), **moved, **{path: old_files[path] for path in shared}}
    links = some_of(data, (path for path in files if not path.startswith("image/")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = make(folder / "host/demo", shell, old_files, [])
        new = make(folder / "build/demo", shell, files, links)
        same = old.write_manifest() == new.write_manifest()
        upgrade = Upgrade(old, new, folder / "medium")
        upgrade.take_inventory()
        honest = data.draw(st.booleans())
        if not honest:
            add_lies(upgrade.inventory, some_of(data, files.values()))
            for path in some_of(data, old_files):
                (old.root / path).write_bytes(data.draw(CONTENTS))
        upgrade.send(65_536)
        before = tree(old.root)
        done = old.run("apply", str(upgrade.medium))
        assert tree(old.root) == before
        if same:
            assert (done.returncode, upgrade.applied.exists()) == (0, False)
        elif honest or done.returncode == 0:
            assert done.returncode == 0, done.stdout + done.stderr
            assert upgrade.is_applied()
            assert not [path for path in os.listdir(folder / "host") if path.startswith(".")]
        else:
            assert done.returncode == 1
            assert "to do: " in done.stderr
            assert not upgrade.applied.exists()
