from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import kernel, sessions
from agentfabric_offline.adaptations.users import visited_by
from agentfabric_offline.errors import UnexpectedShape
from login import SESSION, USER


class BaseTool:
    def __init__(self, cfg: dict[str, Any]) -> None:
        self.cfg = cfg


class Kernels:
    """Notes what is run, instead of a process that runs it."""

    made: "Kernels"

    def __init__(self, recipe: Any) -> None:
        self.recipe = recipe
        self.ran: list[tuple[str, Path, str]] = []
        Kernels.made = self

    def run(self, session: str, folder: Path, code: str) -> str:
        self.ran.append((session, folder, code))
        return "42"

    def end(self, session: str) -> None: ...


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    class CodeInterpreter(BaseTool):
        def __init__(self, cfg: dict[str, Any]) -> None:
            raise AssertionError("upstream starts a kernel")

        def __del__(self) -> None:
            raise AssertionError("upstream sets signal handlers")

        def call(self, params: str, timeout: int, **kwargs: Any) -> str:
            raise AssertionError("upstream's own is called")

        def _verify_args(self, params: str) -> Any:
            return {"code": params[1:]} if params.startswith("{") else params

    def extract_code(text: str) -> str:
        return text.strip("`")

    (tmp_path / "font.ttf").touch()
    (tmp_path / "start.py").write_text("font = '{{M6_FONT_PATH}}'")
    module = SimpleNamespace(
        __name__="code_interpreter",
        CodeInterpreter=CodeInterpreter,
        extract_code=extract_code,
        ALIB_FONT_FILE=str(tmp_path / "font.ttf"),
        INIT_CODE_FILE=str(tmp_path / "start.py"),
    )
    modules: dict[str, Any] = {
        "code_interpreter": module,
        "base": SimpleNamespace(BaseTool=BaseTool),
        "config_utils": SimpleNamespace(get_ci_dir=lambda: "/tmp/ci_workspace"),
    }
    monkeypatch.setattr(kernel, "Kernels", Kernels)
    monkeypatch.setattr(sessions, "current_session", lambda: "a session")
    made = SimpleNamespace(
        module=lambda name: modules[name.rpartition(".")[2]],
        settings=SimpleNamespace(code_interpreter_dir=tmp_path / "work"),
        scratch=tmp_path,
        tool=CodeInterpreter,
    )
    with visited_by({USER: "author", SESSION: "1"}):
        yield made


@pytest.mark.parametrize("given", ["`print(6 * 7)`", "{print(6 * 7)"])
def test_code_runs_in_the_kernel_of_its_session_and_the_folder_of_its_account(
    upstream: Any, tmp_path: Path, given: str
) -> None:
    kernel.give_each_session_a_kernel(upstream)

    assert upstream.tool({}).call(given) == "42"
    assert Kernels.made.ran == [("a session", tmp_path / "work" / "author", "print(6 * 7)")]


def test_kernels_know_the_font_that_comes_with_upstream(upstream: Any, tmp_path: Path) -> None:
    kernel.give_each_session_a_kernel(upstream)

    assert Kernels.made.recipe.start_code == f"font = '{tmp_path}/font.ttf'"


def test_empty_code_starts_nothing(upstream: Any) -> None:
    kernel.give_each_session_a_kernel(upstream)

    assert upstream.tool({}).call("` `") == ""
    assert not Kernels.made.ran


@pytest.mark.parametrize("missing", ["font.ttf", "start.py"])
def test_a_source_without_its_files_stops_the_start(
    upstream: Any, tmp_path: Path, missing: str
) -> None:
    (tmp_path / missing).unlink()
    with pytest.raises(UnexpectedShape, match=missing):
        kernel.give_each_session_a_kernel(upstream)


def test_uploads_of_a_chat_lie_where_its_code_works(upstream: Any, tmp_path: Path) -> None:
    kernel.keep_uploads_apart(upstream)

    assert upstream.module("config_utils").get_ci_dir() == str(tmp_path / "work" / "author")
