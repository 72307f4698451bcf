import os
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
        settings=SimpleNamespace(code_interpreter_dir=tmp_path / "work", state_dir=tmp_path),
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


@pytest.mark.parametrize("inside", [True, False])
def test_what_code_and_chats_leave_in_the_state_folder_does_not_grow_without_end(
    upstream: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    monkeypatch.setattr(kernel, "MOST_OF_WORK", 100)
    if not inside:
        # The operator's own folder.
        upstream.settings.state_dir = tmp_path / "state"
    kernel.give_each_session_a_kernel(upstream)
    kernel.keep_uploads_apart(upstream)
    work = tmp_path / "work" / "author"
    (work / "plots").mkdir(parents=True)
    (work / "a link").symlink_to("/etc/passwd")
    for number in range(5):
        file = work / "plots" / f"{number}.png"
        file.write_bytes(b"a" * 40)
        os.utime(file, (number, number))
    upstream.tool({}).call("`x = 1`")
    kept = {path.name for path in (work / "plots").iterdir()}
    assert kept == {"3.png", "4.png"} if inside else len(kept) == 5
    (work / "uploaded.pdf").write_bytes(b"a" * 60)
    folder = Path(upstream.module("config_utils").get_ci_dir())
    assert folder == work
    assert (work / "uploaded.pdf").exists()
    assert {path.name for path in (work / "plots").iterdir()} == (
        kept - {"3.png"} if inside else kept
    )
    assert (work / "a link").is_symlink()
