"""The PEX on a host that has Python 3.11 and nothing else."""

import subprocess
import urllib.request
from pathlib import Path

from tests.agentfabric.stack import Stack
from tests.ports import free_port


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())


def test_the_builder_s_page_is_served(
    stack: Stack, settings: dict[str, str], tmp_path: Path
) -> None:
    with stack.serve("app", tmp_path / "log", **settings) as address:
        page = read(address)
    assert "<gradio-app" in page
    assert '"version":"4.8.' in page
    assert "更新配置" in page


def test_an_agent_s_page_is_served(stack: Stack, settings: dict[str, str], tmp_path: Path) -> None:
    with stack.serve("bot", tmp_path / "log", **settings) as address:
        assert "<gradio-app" in read(address)


def test_a_missing_setting_is_told_in_a_sentence(stack: Stack, settings: dict[str, str]) -> None:
    del settings["STATE_DIR"]
    done = subprocess.run(
        stack.command("app"),
        env={**stack.environ, **settings, "PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 2
    assert "STATE_DIR" in done.stderr
    assert "Traceback" not in done.stderr
