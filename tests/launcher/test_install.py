"""The launcher's venvs: exactly what a lock names, whole, and made once."""

import hashlib
import os
import signal
import subprocess
from zipfile import ZipFile

import pytest

from tests.launcher.conftest import PYTHON, Machine

INSTALL = f"pants_venv small {PYTHON}"


@pytest.fixture
def small(machine: Machine) -> Machine:
    """The machine, with an index of one package and a lock that names it."""
    wheel = machine.index / "greeting-1.0-py3-none-any.whl"
    info = "greeting-1.0.dist-info"
    files = {
        "greeting.py": "TEXT = 'hello'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    lock(machine, hashlib.sha256(wheel.read_bytes()).hexdigest())
    return machine


def lock(machine: Machine, sha256: str) -> None:
    text = f"greeting==1.0 --hash=sha256:{sha256}\n"
    (machine.repository / "third_party/python/small.lock").write_text(text)


def greets(machine: Machine) -> bool:
    python = machine.venv("small") / "bin/python"
    return subprocess.run([python, "-Ic", "import greeting"], capture_output=True).returncode == 0


def test_two_starts_at_once_install_once(small: Machine) -> None:
    started = [small.start(small.call(INSTALL)) for _ in range(2)]
    said = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert [out.strip() for out, _ in said] == [str(small.venv("small"))] * 2
    assert "".join(err for _, err in said).count("installing") == 1
    assert greets(small)


def test_what_a_killed_start_left_is_made_anew(small: Machine) -> None:
    killed = small.start(small.call(INSTALL))
    assert killed.stderr is not None
    killed.stderr.readline()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    ended = small.run(small.call(INSTALL))
    assert ended.returncode == 0, ended.stderr
    assert greets(small)


def test_a_wheel_of_another_hash_is_refused(small: Machine) -> None:
    lock(small, "0" * 64)
    ended = small.run(small.call(INSTALL))
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert "could not install third_party/python/small.lock" in ended.stderr.splitlines()[-1]
    assert not greets(small)
    assert small.run(small.call(INSTALL)).returncode != 0
