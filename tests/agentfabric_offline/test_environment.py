"""Libraries are told to stay at home and to write to the scratch folder alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline import environment


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    return SimpleNamespace(code_interpreter_dir=tmp_path / "work")


def test_what_calls_home_is_closed_whatever_was_set(settings: Any, tmp_path: Path) -> None:
    environ = {"GRADIO_ANALYTICS_ENABLED": "True", "HF_HUB_OFFLINE": "0"}
    environment.prepare(environ, settings, tmp_path)
    assert environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert environ["HF_HUB_OFFLINE"] == "1"


def test_caches_are_folders_of_the_scratch_folder(settings: Any, tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    environment.prepare(environ, settings, tmp_path)
    for name in ("GRADIO_TEMP_DIR", "HF_HOME", "MODELSCOPE_CACHE", "MPLCONFIGDIR"):
        assert Path(environ[name]).is_dir()
        assert Path(environ[name]).parent == tmp_path


def test_this_host_is_reached_without_a_proxy_and_others_as_set(
    settings: Any, tmp_path: Path
) -> None:
    environ = {"http_proxy": "http://proxy:3128", "NO_PROXY": "server"}
    environment.prepare(environ, settings, tmp_path)
    assert environ["http_proxy"] == "http://proxy:3128"
    assert environ["NO_PROXY"].split(",") == ["server", "localhost", "127.0.0.1", "0.0.0.0"]
    assert "127.0.0.1" in environ["no_proxy"].split(",")
