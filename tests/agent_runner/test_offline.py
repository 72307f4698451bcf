"""Before a library is imported, its ways out are closed and its writing has a place."""

from pathlib import Path

import pytest

from agent_runner import offline


def test_no_proxy_no_telemetry_no_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environ = {"HTTPS_PROXY": "http://proxy", "http_proxy": "http://proxy", "HF_HOME": "/elsewhere"}
    offline.prepare(environ, scratch)
    assert not {name for name in environ if name.lower().endswith("_proxy")}
    assert environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    folders = {value for value in environ.values() if value.startswith("/")}
    assert folders == {str(path) for path in scratch.iterdir()}
    assert Path.cwd() == scratch
