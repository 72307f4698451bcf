"""Another shape of upstream is found before anything is changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentfabric_offline.errors import UnexpectedShape
from agentfabric_offline.settings import Settings
from agentfabric_offline.upstream import Upstream, expect

PAGE = """
import gradio
from helper import name
demo = gradio.Blocks()
demo.launch(show_error=True)
"""
GRADIO = """
class Blocks:
    def launch(self, show_error):
        raise AssertionError("launched")
"""


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    app = tmp_path / "apps" / "agentfabric"
    app.mkdir(parents=True)
    (app / "app.py").write_text(PAGE)
    (app / "helper.py").write_text("name = 'helper'")
    (tmp_path / "gradio.py").write_text(GRADIO)
    monkeypatch.setattr("sys.path", [])
    before = set(sys.modules)
    settings = Settings(
        which="app",
        llm_url="http://127.0.0.1:8000/v1",
        llm_model="",
        llm_api_key="EMPTY",
        embedding_dir=tmp_path,
        state_dir=tmp_path,
        code_interpreter_dir=tmp_path,
        host="127.0.0.1",
        port=7860,
        password_file=None,
        tls=None,
        source_dir=tmp_path,
    )
    yield Upstream(settings, tmp_path)
    for name in sys.modules.keys() - before:
        del sys.modules[name]


def test_the_page_is_built_and_not_launched(upstream: Upstream) -> None:
    with pytest.raises(RuntimeError):
        _ = upstream.page
    upstream.load_page()
    assert upstream.page.name == "helper"
    with pytest.raises(AssertionError, match="launched"):
        # What else calls it gets the real one.
        upstream.page.demo.launch(True)


def test_a_module_that_is_not_there_is_another_shape(upstream: Upstream) -> None:
    with pytest.raises(UnexpectedShape, match="config_utils"):
        upstream.module("config_utils")


def test_what_a_module_fails_to_import_is_not_hidden(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "broken_utils.py").write_text("import never_installed")
    with pytest.raises(ModuleNotFoundError, match="never_installed"):
        upstream.module("broken_utils")


class Shape:
    def method(self, first: str, second: int = 0) -> None:
        pass

    value = 1


def test_the_expected_shape_is_returned() -> None:
    assert expect(Shape, "value") == 1
    assert expect(Shape, "method", "first", "second") is Shape.method
    assert expect(Shape(), "method", "first", "second").__func__ is Shape.method


@pytest.mark.parametrize(
    ("name", "parameters", "found"),
    [
        ("gone", (), "not there"),
        ("method", ("first",), "(first, second)"),
        ("method", ("second", "first"), "(first, second)"),
        ("value", ("first",), "int"),
    ],
)
def test_another_shape_is_named(name: str, parameters: tuple[str, ...], found: str) -> None:
    with pytest.raises(UnexpectedShape) as caught:
        expect(Shape, name, *parameters)
    assert f"Shape.{name}" in caught.value.text("en")
    assert found in caught.value.text("en")
