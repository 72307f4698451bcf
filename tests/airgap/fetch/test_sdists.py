import io
import json
import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch import missing, pip
from airgap.fetch.progress import Progress
from airgap.fetch.sdists import build
from airgap.fetch.wheels import fetch_wheels
from airgap.locks.python import Sdist, Wheel
from airgap.store import Blob, Store, hash_file
from tests.airgap.fetch.conftest import Site, offer

MakeSdist = Callable[..., Sdist]

BACKEND = """
import importlib.util, json, os, shutil, sys, time, urllib.request, zipfile

METADATA = "Metadata-Version: 2.1\\nName: odd\\nVersion: 1.0\\n"

def ask(stage):
    # As one that goes on without what it could not fetch.
    try:
        if stage == ASKS:
            urllib.request.urlopen(SITE, timeout=5)
    except OSError:
        pass

def world():
    umask = os.umask(0o22)
    os.umask(umask)
    return {
        "compilers": [c for c in ("cc", "gcc", "c++", os.environ["CC"]) if shutil.which(c)],
        "packages": [p for p in ("pytest", "rich") if importlib.util.find_spec(p)],
        "settings": sorted(name for name in os.environ if name.startswith("SECRET")),
        "time zone": time.tzname[0],
        "umask": umask,
        "order": list({"a", "b", "c", "d", "e"}),
    }

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    ask("metadata")
    os.mkdir(os.path.join(folder, "odd-1.0.dist-info"))
    with open(os.path.join(folder, "odd-1.0.dist-info", "METADATA"), "w") as file:
        file.write(METADATA)
    return "odd-1.0.dist-info"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "odd-1.0-py3-none-any.whl"
    ask("wheel")
    if FAILS:
        raise RuntimeError("this source needs a compiler")
    with open("world.json", "w") as file:
        json.dump(world(), file)
    os.chmod("tool.sh", 0o750)
    with zipfile.ZipFile(os.path.join(folder, name), "w", strict_timestamps=False) as wheel:
        wheel.writestr("odd-1.0.dist-info/RECORD", "")
        wheel.writestr("odd-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("odd-1.0.dist-info/METADATA", METADATA)
        wheel.write("world.json", "odd/world.json")
        wheel.write("tool.sh", "odd/tool.sh")
    return name
"""


@pytest.fixture
def make_sdist(site: Site) -> MakeSdist:
    """Put a source on the index that brings its own build backend, which looks around itself."""

    def make(fails: bool = False, asks: str = "") -> Sdist:
        folder = site.root / "simple" / "odd"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "odd-1.0.tar.gz"
        content = {
            "PKG-INFO": "Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n",
            "pyproject.toml": textwrap.dedent("""
                [build-system]
                requires = []
                build-backend = "backend"
                backend-path = ["."]
            """),
            "backend.py": f"FAILS = {fails}\nASKS = {asks!r}\nSITE = {site.url!r}\n{BACKEND}",
            "tool.sh": "#!/bin/sh\n",
        }
        with tarfile.open(path, "w:gz") as archive:
            for name, text in content.items():
                member = tarfile.TarInfo(f"odd-1.0/{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        offer(folder, path)
        return Sdist(path.name, hash_file(path))

    return make


def built(store: Store, site: Site, sdist: Sdist) -> tuple[str, Blob]:
    with store.writer(sdist.blob) as out:
        out.write((site.root / "simple" / "odd" / sdist.filename).read_bytes())
    return build(store, sdist, [])


def locked(sdist: Sdist, blob: Blob) -> Wheel:
    return Wheel("odd", "1.0", "odd-1.0-py3-none-any.whl", blob, sdist)


def test_a_build_sees_nothing_of_the_machine(
    site: Site, store: Store, make_sdist: MakeSdist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_SETTING", "1")
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    _, blob = built(store, site, make_sdist())
    with zipfile.ZipFile(store.path(blob)) as wheel:
        world = json.loads(wheel.read("odd/world.json"))
    assert world.pop("order")
    assert world == {
        "compilers": [],
        "packages": [],
        "settings": [],
        "time zone": "UTC",
        "umask": 0o022,
    }


@pytest.mark.parametrize("stage", ["metadata", "wheel"])
def test_a_build_that_asks_for_the_network_fails_and_says_what_it_asked_for(
    index: Site, store: Store, make_sdist: MakeSdist, stage: str
) -> None:
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [locked(make_sdist(asks=stage), Blob("a" * 64, 5))], Progress())
    assert raised.value.subject == "odd-1.0.tar.gz"
    assert index.url in str(raised.value.found)
    assert "/" not in index.requests


def test_a_wheel_of_a_source_that_cannot_be_had_is_told_with_the_source(
    index: Site, store: Store, make_sdist: MakeSdist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    sdist = make_sdist()
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [locked(sdist, Blob("a" * 64, 5))], Progress())
    assert (raised.value.doing, raised.value.subject) == ("fetching the source", "odd 1.0")
    assert f"{sdist.filename} ({sdist.blob})" in str(raised.value.expected)


def test_the_wheel_is_packed_the_same_way_whatever_the_backend_does(
    site: Site, store: Store, make_sdist: MakeSdist
) -> None:
    filename, blob = built(store, site, make_sdist())
    assert filename == "odd-1.0-py3-none-any.whl"
    with zipfile.ZipFile(store.path(blob)) as wheel:
        members = wheel.infolist()
    assert [member.filename for member in members] == [
        "odd/tool.sh",
        "odd/world.json",
        "odd-1.0.dist-info/METADATA",
        "odd-1.0.dist-info/WHEEL",
        "odd-1.0.dist-info/RECORD",
    ]
    assert [oct(member.external_attr >> 16) for member in members[:2]] == ["0o100755", "0o100644"]
    assert {member.compress_type for member in members} == {zipfile.ZIP_STORED}
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}


def test_every_python_3_11_umask_and_folder_gives_the_same_bytes(
    site: Site, store: Store, make_sdist: MakeSdist, tmp_path: Path
) -> None:
    sdist = make_sdist()
    expected = built(store, site, sdist)
    program = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from airgap.fetch.sdists import build
        from airgap.locks.python import Sdist
        from airgap.store import Store, hash_file
        os.umask(0o077)
        source = Path(sys.argv[2])
        store = Store(Path(sys.argv[1]))
        with store.writer() as out:
            out.write(source.read_bytes())
        print(*build(store, Sdist(source.name, out.blob), []))
    """)
    source = site.root / "simple" / "odd" / sdist.filename
    path = [str(pip.home().parent), *filter(None, sys.path)]
    for number, python in enumerate(pythons()):
        other = tmp_path / "another folder" / str(number)
        command = [str(python), "-c", program, str(other), str(source)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "TZ": "Asia/Tokyo"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout == f"{expected[0]} {expected[1]}\n", (python, done.stderr)


def pythons() -> list[Path]:
    """The Pythons 3.11 of this machine: the running one, the system's, pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [Path("/usr/bin/python3.11"), *pyenv.glob("versions/3.11.*/bin/python3.11")]
    return [Path(sys.executable), *(python for python in found if python.exists())]


def test_a_wheel_with_a_source_is_built_where_the_store_lacks_it(
    index: Site, store: Store, make_sdist: MakeSdist, tmp_path: Path
) -> None:
    sdist = make_sdist()
    _, blob = built(Store(tmp_path / "other"), index, sdist)
    wheel = locked(sdist, blob)
    fetch_wheels(store, [wheel], Progress())
    assert missing(store, [wheel]) == []
    assert index.downloads(sdist.filename) == 1


def test_another_wheel_than_the_locked_one_is_told_with_both(
    index: Site, store: Store, make_sdist: MakeSdist
) -> None:
    wheel = locked(make_sdist(), Blob("a" * 64, 5))
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [wheel], Progress())
    assert raised.value.subject == "odd 1.0"
    assert "a" * 64 in str(raised.value.expected)
    assert "odd-1.0-py3-none-any.whl, sha256 " in str(raised.value.found)


def test_a_wrong_source_is_not_built(index: Site, store: Store, make_sdist: MakeSdist) -> None:
    sdist = make_sdist()
    wrong = replace(sdist, blob=Blob("b" * 64, sdist.blob.size))
    with pytest.raises(AirgapError) as raised:
        fetch_wheels(store, [locked(wrong, Blob("a" * 64, 5))], Progress())
    assert raised.value.expected == f"sha256 {'b' * 64}"
    assert raised.value.found == f"sha256 {sdist.blob.sha256}"


def test_a_failed_build_is_told_in_the_backend_s_words(
    site: Site, store: Store, make_sdist: MakeSdist
) -> None:
    with pytest.raises(AirgapError, match="this source needs a compiler"):
        built(store, site, make_sdist(fails=True))
    assert list((store.root / "tmp").iterdir()) == []


def test_what_was_built_is_not_built_again(
    site: Site, store: Store, make_sdist: MakeSdist, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdist = make_sdist()
    first = built(store, site, sdist)
    monkeypatch.setattr(subprocess, "run", None)
    assert build(store, sdist, []) == first
