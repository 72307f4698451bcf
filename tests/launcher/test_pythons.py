"""Where the launcher finds the Pythons, and what it says when it does not."""

from pathlib import Path

from tests.launcher.conftest import PYTHON, Machine


def test_without_python_one_line_says_which_is_needed_and_how_to_get_it(machine: Machine) -> None:
    ended = machine.run("./pants --version")
    assert ended.returncode != 0
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert "needs CPython 3.9" in line
    assert "apt-get install python3.9" in line
    assert "pyenv install 3.9" in line


def test_a_missing_version_is_named_where_uv_cannot_be_had(machine: Machine) -> None:
    (machine.path / "python3").symlink_to(PYTHON)
    ended = machine.run("./pants --version")
    assert ended.returncode != 0
    getting, needs = ended.stderr.splitlines()
    assert "getting it with uv" in getting
    assert "needs CPython 3.9" in needs
    assert not (machine.setup / "bin").exists()


def test_a_python_on_path_is_found_by_version_not_by_name(machine: Machine) -> None:
    (machine.path / "python3").symlink_to(PYTHON)
    assert machine.run(machine.call("pants_python 3.11")).returncode == 0
    assert (machine.setup / "bin/python3.11").resolve() == PYTHON


def test_a_python_of_pyenv_is_found_behind_a_shim_that_fails(
    machine: Machine, tmp_path: Path
) -> None:
    program(machine.path / "python3.11", "echo 'not the chosen version' >&2; exit 127")
    python = tmp_path / "pyenv/versions/3.11.7/bin/python3.11"
    python.parent.mkdir(parents=True)
    python.symlink_to(PYTHON)
    ended = machine.run(machine.call("pants_python 3.11"), PYENV_ROOT=str(tmp_path / "pyenv"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (machine.setup / "bin/python3.11").resolve() == PYTHON


def test_a_python_that_uv_fetched_is_used(machine: Machine) -> None:
    # uv itself is stood in for: it downloads from a host that tests cannot reach.
    program(machine.path / "python3", "exit 1")
    venv = machine.run(machine.call("pants_venv_path pants-uv")).stdout.strip()
    program(
        Path(venv) / "bin/uv",
        '[ "$*" = "python install --no-bin 3.11" ]\n'
        "there=$UV_PYTHON_INSTALL_DIR/cpython-3.11.9-linux-x86_64-gnu/bin\n"
        f'mkdir -p "$there"\nln -s {PYTHON} "$there/python3.11"',
    )
    (Path(venv) / ".complete").touch()
    ended = machine.run(machine.call("pants_python 3.11"))
    assert ended.returncode == 0, ended.stderr
    assert (machine.setup / "bin/python3.11").resolve() == PYTHON


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh -e\n{script}\n")
    path.chmod(0o755)
