"""What is found never depends on which program hashes large files."""

import os
from pathlib import Path

import pytest

from tests.host.bundle import Bundle, path_without
from tests.host.transfer import Transfer

ANSWERS = {
    "of this host": None,
    "none": None,
    "wrong": "echo '0000000000000000000000000000000000000000000000000000000000000000 *stdin'",
    "broken": "exit 1",
}


@pytest.fixture(params=ANSWERS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A PATH with an openssl of each kind."""
    usual = os.environ["PATH"]
    if request.param == "none":
        return path_without("openssl", tmp_path / "without", usual)
    answer = ANSWERS[request.param]
    if answer is None:
        return usual
    (tmp_path / "tools").mkdir()
    program = tmp_path / "tools/openssl"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    return f"{program.parent}:{usual}"


def flip(path: Path) -> None:
    """Change the last byte."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read()[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


def test_a_changed_file_is_named(bundle: Bundle, path: str) -> None:
    names = ["large \\n back\\slash 权重", "-large", "small \\n back\\slash"]
    for name in names:
        (bundle.root / name).write_bytes(os.urandom(1_500_000 if "large" in name else 1000))
    bundle.write_manifest()
    done = bundle.run("verify", PATH=path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    for name in names:
        flip(bundle.root / name)
    done = bundle.run("verify", PATH=path)
    assert done.returncode == 1
    assert sorted(done.stdout.splitlines()[1:]) == sorted(f"changed     {name}" for name in names)


def test_a_damaged_part_is_named_and_whole_ones_are_joined(
    transfer: Transfer, path: str, tmp_path: Path
) -> None:
    done = transfer.run("join", tmp_path / "dest", PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    flip(transfer.parts[1])
    done = transfer.run("verify", PATH=path)
    assert done.returncode == 1
    assert "\nmissing none\ndamaged 2\n" in done.stdout
