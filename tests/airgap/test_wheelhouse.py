import os
import subprocess
import sys
from pathlib import Path

import pytest

from airgap import tree
from airgap.locks.python import Wheel
from airgap.store import Store, hash_file
from airgap.wheelhouse import wheelhouse
from tests.airgap.small_wheels import add_wheel, greeting_stack


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    return venv


def pip(venv: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run pip without this machine's settings, so that only the wheelhouse can serve it."""
    return subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "--isolated", "--no-cache-dir", *arguments],
        env={"PATH": os.defpath, "PIP_CONFIG_FILE": os.devnull, "HOME": str(venv)},
        # Elsewhere than in the wheelhouse, whose requirements file has a relative path.
        cwd=venv,
        capture_output=True,
        text=True,
        check=False,
    )


def written(store: Store, wheels: tuple[Wheel, ...], dest: Path) -> Path:
    tree.write(store, wheelhouse(store, wheels), dest)
    return dest


def test_the_short_command_installs_a_stack_that_leaves_things_out(
    store: Store, tmp_path: Path, empty_venv: Path
) -> None:
    folder = written(store, greeting_stack(store), tmp_path / "wheel house")
    done = pip(
        empty_venv,
        "install",
        "--target",
        tmp_path / "a",
        "--no-deps",
        "-r",
        folder / "requirements.txt",
    )
    assert done.returncode == 0, done.stderr
    code = "import greeter; print(greeter.text)"
    said = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path / "a", text=True)
    assert said == "hello world\n"


def test_the_long_command_installs_into_an_empty_venv(
    store: Store, tmp_path: Path, empty_venv: Path
) -> None:
    lib = add_wheel(store, "some-lib", "1.0+cpu", {"some_lib.py": "x = 1\n"})
    app = add_wheel(store, "app", "2", {"app.py": "import some_lib\n"}, requires=["some_lib"])
    folder = written(store, (lib, app), tmp_path / "wheelhouse")
    options = ["--no-index", "--find-links", str(folder), "--require-hashes"]
    done = pip(empty_venv, "install", *options, "-r", folder / "requirements.txt")
    assert done.returncode == 0, done.stderr
    installed = pip(empty_venv, "freeze").stdout.split()
    assert [line.split(" @")[0] for line in installed] == ["app==2", "some-lib==1.0+cpu"]


def test_pip_refuses_a_wheel_that_was_changed_on_the_way(
    store: Store, tmp_path: Path, empty_venv: Path
) -> None:
    wheel = add_wheel(store, "lib", "1", {"lib.py": "x = 1\n"})
    folder = written(store, (wheel,), tmp_path / "wheelhouse")
    other = add_wheel(store, "lib", "1", {"lib.py": "x = 2\n"})
    (folder / wheel.filename).unlink()
    store.link(other.blob, folder / wheel.filename)
    done = pip(empty_venv, "install", "--no-deps", "-r", folder / "requirements.txt")
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_the_files_are_those_of_the_lock_whatever_its_order(store: Store, tmp_path: Path) -> None:
    stack = greeting_stack(store)
    assert wheelhouse(store, stack) == wheelhouse(store, reversed(stack))
    folder = written(store, stack, tmp_path / "wheelhouse")
    assert {wheel.filename: wheel.blob for wheel in stack} == {
        path.name: hash_file(path) for path in folder.glob("*.whl")
    }
