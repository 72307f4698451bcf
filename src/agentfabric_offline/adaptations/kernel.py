"""The code interpreter: upstream's tool with kernels that start late, end in time and work here."""

import logging
from pathlib import Path
from typing import Any

from agentfabric_offline import landlock
from agentfabric_offline.adaptations import sessions
from agentfabric_offline.adaptations.users import current_user
from agentfabric_offline.errors import UnexpectedShape
from agentfabric_offline.folders import make_room
from agentfabric_offline.kernels import Kernels, Recipe
from agentfabric_offline.upstream import Upstream, expect

MOST_OF_WORK = 1 << 30
"""Bytes that an account's code and the files of its chats may take together in the state folder."""
_log = logging.getLogger(__name__)


def work_folder(upstream: Upstream) -> Path:
    """Where the code of the account whose event is worked on works, and its uploads lie."""
    return upstream.settings.code_interpreter_dir / current_user()


def _tidy(upstream: Upstream) -> Path:
    """The folder of the account, with room in it: the oldest files go.

    A folder that the operator has chosen is theirs to tidy.
    """
    folder, settings = work_folder(upstream), upstream.settings
    if settings.code_interpreter_dir.is_relative_to(settings.state_dir):
        make_room(folder, MOST_OF_WORK)
    return folder


def give_each_session_a_kernel(upstream: Upstream) -> None:
    """Start a kernel when a session first runs code, and end it with the session.

    Upstream starts one of 250 MB for each agent that may run code, two for each load of a page;
    none ends before the page's process, and some outlive it. It waits without end for a kernel
    that fails, copies a font into the read-only stack, sets signal handlers when an agent is
    dropped, which raises in threads, and returns output of any length.
    """
    module = upstream.module("modelscope_agent.tools.code_interpreter.code_interpreter")
    tool = expect(module, "CodeInterpreter")
    base = upstream.module("modelscope_agent.tools.base").BaseTool
    expect(base, "__init__", "cfg")
    expect(tool, "__init__", "cfg")
    expect(tool, "__del__")
    expect(tool, "call", "params", "timeout", "kwargs")
    expect(tool, "_verify_args", "params")
    extract_code = expect(module, "extract_code", "text")
    font = _file(module, "ALIB_FONT_FILE")
    start_code = _file(module, "INIT_CODE_FILE").read_text(encoding="utf-8")
    if "{{M6_FONT_PATH}}" not in start_code:
        raise UnexpectedShape(f"{module.__name__}.INIT_CODE_FILE", "{{M6_FONT_PATH}} in it", "none")
    start_code = start_code.replace("{{M6_FONT_PATH}}", repr(str(font))[1:-1])
    if not landlock.version():
        _log.warning(
            "this host has no Landlock: code that agents run can read all that this page can read"
        )
    kernels = Kernels(Recipe(font, start_code, upstream.scratch / "kernels"))
    sessions.when_over(kernels.end)

    def prepare(self: Any, cfg: dict[str, Any] | None = None) -> None:
        base.__init__(self, cfg or {})

    def call(self: Any, params: str, timeout: int | None = None, **_: Any) -> str:
        arguments = self._verify_args(params)
        code = arguments["code"] if isinstance(arguments, dict) else extract_code(params)
        if not code.strip():
            return ""
        try:
            return kernels.run(sessions.current_session(), work_folder(upstream), code)
        finally:
            _tidy(upstream)

    tool.__init__ = prepare
    tool.call = call
    del tool.__del__


def keep_uploads_apart(upstream: Upstream) -> None:
    """Put what is uploaded in a chat into the account's own folder, where its code looks.

    Upstream has one folder for all, and never removes anything.
    """
    config_utils = upstream.module("config_utils")
    expect(config_utils, "get_ci_dir")
    config_utils.get_ci_dir = lambda: str(_tidy(upstream))


def _file(module: Any, name: str) -> Path:
    file = Path(expect(module, name))
    if not file.is_file():
        raise UnexpectedShape(f"{module.__name__}.{name}", f"a file `{file}`", "none")
    return file
