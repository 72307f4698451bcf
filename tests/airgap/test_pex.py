import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from airgap import tree
from airgap.errors import AirgapError
from airgap.locks.python import Wheel
from airgap.pex import PexSpec, build_pex, find_pex
from airgap.store import Blob, Store, hash_file
from airgap.tree import below
from airgap.wheelhouse import wheelhouse
from tests.airgap.small_wheels import add_wheel, greeting_stack
from tests.airgap.three_exits import wheels_in_pex

Layout = Literal["zipapp", "packed"]
LAYOUTS: tuple[Layout, ...] = ("zipapp", "packed")
PROGRAM = {
    "app/__main__.py": "import sys, greeter, app\nprint(greeter.text, app.name, *sys.argv[1:])\n"
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One for all tests: what one has built, the next ones find."""
    return Store(tmp_path_factory.mktemp("store"))


def put(store: Store, text: str) -> Blob:
    with store.writer() as out:
        out.write(text.encode())
    return out.blob


def greeting_app(store: Store, layout: Layout = "packed", name: str = "Ada") -> PexSpec:
    texts = PROGRAM | {"app/__init__.py": f"name = {name!r}\n"}
    sources = {path: put(store, text) for path, text in texts.items()}
    return PexSpec("app", "app", sources, greeting_stack(store), layout)


def written(store: Store, spec: PexSpec, dest: Path) -> Path:
    """Write the PEX and return what people start."""
    tree.write(store, build_pex(store, spec), dest)
    return dest / "pex" if spec.layout == "packed" else dest


def run(program: Path, root: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        env={"PATH": path, "PEX_ROOT": str(root), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def interpreters(version: str) -> list[Path]:
    """Every CPython of this version (``3.11``) on the machine, each once."""
    folders = [*os.get_exec_path(), "/usr/bin", "/usr/local/bin"]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders += [str(bin_) for bin_ in sorted(pyenv.glob("versions/*/bin"))]
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        folders.insert(0, str(Path(sys.base_prefix) / "bin"))
    found: dict[bytes, Path] = {}
    for folder in folders:
        program = Path(folder) / f"python{version}"
        code = "import sys; print(sys.base_prefix, sys.version)"
        if program.exists() and "shims" not in program.parts:
            done = subprocess.run([program, "-c", code], capture_output=True, check=False)
            if done.returncode == 0:
                found.setdefault(done.stdout, program)
    return list(found.values())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_runs_with_every_python_3_11_of_the_machine(
    store: Store, tmp_path: Path, layout: Layout
) -> None:
    program = written(store, greeting_app(store, layout), tmp_path / "out")
    pythons = interpreters("3.11")
    assert pythons
    for number, python in enumerate(pythons):
        bin_ = tmp_path / f"bin{number}"
        bin_.mkdir()
        (bin_ / "python3.11").symlink_to(python)
        done = run(program, tmp_path / f"root{number}", "1", "2 3", path=str(bin_))
        assert (done.stdout, done.returncode) == ("hello world Ada 1 2 3\n", 0), done.stderr


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_holds_the_wheels_of_the_lock_byte_for_byte(
    store: Store, tmp_path: Path, layout: Layout
) -> None:
    spec = greeting_app(store, layout)
    written(store, spec, tmp_path / "out")
    locked = {wheel.filename: wheel.blob.sha256 for wheel in spec.wheels}
    assert wheels_in_pex(tmp_path / "out") == locked


def test_wheels_beside_are_links_and_survive_a_copy_that_follows_them(
    store: Store, tmp_path: Path
) -> None:
    spec = replace(greeting_app(store), wheels_beside="../../wheelhouse/stack")
    bundle = tmp_path / "bundle"
    files = below("pex/app", build_pex(store, spec))
    tree.write(store, files | below("wheelhouse/stack", wheelhouse(store, spec.wheels)), bundle)
    wheels = list((bundle / "pex/app/.deps").iterdir())
    assert len(wheels) == 2
    assert all(wheel.is_symlink() and wheel.exists() for wheel in wheels)
    shutil.copytree(bundle / "pex/app", tmp_path / "copy")  # follows links, as `cp -rL` does
    for number, folder in enumerate([bundle / "pex/app", tmp_path / "copy"]):
        done = run(folder / "pex", tmp_path / f"root{number}", path=path_of_this_python(tmp_path))
        assert done.stdout == "hello world Ada\n", done.stderr
    assert "__pycache__" not in {path.name for path in bundle.rglob("*")}


def path_of_this_python(tmp_path: Path) -> str:
    bin_ = tmp_path / "bin"
    bin_.mkdir(exist_ok=True)
    if not (bin_ / "python3.11").exists():
        (bin_ / "python3.11").symlink_to(interpreters("3.11")[0])
    return str(bin_)


BUILD = """
import json, os, sys
from pathlib import Path
from airgap.store import Store
from tests.airgap.test_pex import greeting_app, build_pex

store = Store(Path(sys.argv[1]))
print(json.dumps({layout: {
    path: [entry.blob.sha256, entry.executable, entry.link]
    for path, entry in build_pex(store, greeting_app(store, layout)).items()
} for layout in ("packed", "zipapp")}))
"""


def test_it_is_the_same_bytes_whoever_builds_it_and_where(tmp_path: Path) -> None:
    builds = []
    pythons = interpreters("3.11")
    for number, python in enumerate([pythons[0], pythons[-1]]):
        home = tmp_path / ["a", "deeper/than/that"][number]
        home.mkdir(parents=True)
        environment = {
            "HOME": str(home),
            "PATH": [os.defpath, f"{home}:/usr/bin:/bin"][number],
            "LC_ALL": ["C", "C.UTF-8"][number],
            "TZ": ["UTC", "Asia/Shanghai"][number],
            "PEX_ROOT": str(home / "root"),
            "PEX_VERBOSE": str(number),
            "PYTHONHASHSEED": str(number + 1),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        (home / ".pexrc").write_text("PEX_INHERIT_PATH=prefer\n" * number)
        built = subprocess.run(
            [python, "-c", BUILD, home / "store"],
            env=environment,
            umask=[0o022, 0o077][number],
            stdout=subprocess.PIPE,
            check=True,
        )
        builds.append(json.loads(built.stdout))
    assert builds[0] == builds[1]
    assert set(builds[0]) == set(LAYOUTS)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_command_line_of_pex_gives_the_same_bytes(
    store: Store, tmp_path: Path, layout: Layout
) -> None:
    spec = greeting_app(store, layout)
    for path, blob in spec.sources.items():
        (tmp_path / "sources" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store.path(blob), tmp_path / "sources" / path)
    (tmp_path / "wheels").mkdir()
    for wheel in spec.wheels:
        shutil.copyfile(store.path(wheel.blob), tmp_path / "wheels" / wheel.filename)
    command = [
        *(sys.executable, "-m", "pex", "greeter==1.0", "words==2.0"),
        *("--pre-resolved-dists", "wheels", "--sources-directory", "sources", "-m", "app"),
        *("--override=greeter==1.0", "--override=words==2.0"),
        *("--exclude=absent-package", "--exclude=extra", "--no-transitive"),
        *("--no-pre-install-wheels", "--max-install-jobs=0", "--venv=prepend", "--sh-boot"),
        *("--interpreter-constraint=CPython==3.11.*", "--python-path", sys.executable),
        *("--layout", layout, "--no-compress", "--output-file", "app.pex"),
    ]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.defpath}
    home = {"HOME": str(tmp_path / "home"), "PEX_ROOT": str(tmp_path / "root")}
    subprocess.run(command, cwd=tmp_path, env=environment | home, umask=0o022, check=True)
    for path, entry in build_pex(store, spec).items():
        assert hash_file(tmp_path / "app.pex" / path) == entry.blob, path


def test_without_any_python_it_says_what_is_missing(store: Store, tmp_path: Path) -> None:
    program = written(store, greeting_app(store), tmp_path / "out")
    done = run(program, tmp_path / "root", path=str(tmp_path))
    assert done.returncode == 1
    assert "Failed to find any of these python binaries on the PATH:\npython3.11\n" in done.stderr


@pytest.mark.parametrize("layout", LAYOUTS)
def test_with_only_another_python_it_says_which_one_it_needs(
    store: Store, tmp_path: Path, layout: Layout
) -> None:
    others = [python for minor in (9, 10, 12, 13) for python in interpreters(f"3.{minor}")]
    if not others:
        pytest.skip("this machine has no CPython but 3.11")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / others[0].name).symlink_to(others[0])
    program = written(store, greeting_app(store, layout), tmp_path / "out")
    by_name = run(program, tmp_path / "root", path=str(bin_))
    by_python = run(bin_ / others[0].name, tmp_path / "root", str(program), path=str(bin_))
    for done in (by_name, by_python):
        assert done.returncode == 1
        assert "Version matches CPython==3.11.*" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_second_build_does_no_work(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = greeting_app(store, name="Edith")
    assert find_pex(store, spec) is None
    built = build_pex(store, spec)
    monkeypatch.setattr(subprocess, "run", None)
    assert build_pex(store, spec) == find_pex(store, spec) == built


def test_a_changed_line_changes_only_small_files(store: Store) -> None:
    before, after = (
        {entry.blob for entry in build_pex(store, greeting_app(store, name=name)).values()}
        for name in ("Ada", "Grace")
    )
    new = after - before
    assert new
    assert sum(blob.size for blob in new) < 50_000


def test_building_leaves_the_wheels_in_the_store_alone(store: Store) -> None:
    spec = greeting_app(store, name="Hedy")
    stats = [store.path(wheel.blob).stat() for wheel in spec.wheels]
    assert find_pex(store, spec) is None
    build_pex(store, spec)
    after = [store.path(wheel.blob).stat() for wheel in spec.wheels]
    facts = [
        [(s.st_ino, s.st_mode, s.st_nlink, s.st_mtime_ns) for s in each] for each in (stats, after)
    ]
    assert facts[0] == facts[1]


def test_an_unknown_entry_point_is_refused(store: Store) -> None:
    with pytest.raises(AirgapError) as error:
        build_pex(store, replace(greeting_app(store), entry_point="ap.main"))
    assert "`ap/main.py` or `ap/main/__main__.py`" in str(error.value)
    build_pex(store, replace(greeting_app(store), entry_point="words"))


def test_a_wheel_that_is_not_in_the_store_is_named(store: Store) -> None:
    lost = Wheel("lost", "1", "lost-1-py3-none-any.whl", Blob("0" * 64, 7))
    with pytest.raises(AirgapError, match=r"no lost-1-py3-none-any\.whl"):
        build_pex(store, replace(greeting_app(store), wheels=(lost,)))


def test_a_file_that_python_could_not_start_is_not_made(store: Store) -> None:
    big = Wheel("big", "1", "big-1-py3-none-any.whl", Blob("0" * 64, 5 << 30))
    with pytest.raises(AirgapError, match="choose the layout `packed`"):
        build_pex(store, replace(greeting_app(store, "zipapp"), wheels=(big,)))


def test_what_pex_refuses_is_said_in_its_words_and_not_remembered(store: Store) -> None:
    spec = greeting_app(store)
    foreign = add_wheel(store, "foreign", "1", {}, tag="cp312-cp312-manylinux_2_17_x86_64")
    spec = replace(spec, wheels=(*spec.wheels, foreign))
    with pytest.raises(AirgapError) as error:
        build_pex(store, spec)
    assert "foreign" in str(error.value)
    assert str(store.root) not in str(error.value)
    assert find_pex(store, spec) is None
    assert list((store.root / "tmp").iterdir()) == []
