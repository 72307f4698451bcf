"""Upstream's code as the adaptations see it."""

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from agentfabric_offline.errors import UnexpectedShape
from agentfabric_offline.server import ModelServer
from agentfabric_offline.settings import Settings, Which

_PAGES: dict[Which, str] = {"app": "app", "bot": "appBot"}


class Upstream:
    """Upstream's modules and the settings with which they are served.

    Attributes:
        settings: How to serve.
        which: `app` or `bot`.
        source: Upstream's source, which holds `apps/agentfabric` and `modelscope_agent`.
        scratch: A folder for files that are gone with the process, and the working folder of
            upstream, which reads some of its files relatively.
        server: The model server.
    """

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.settings = settings
        self.which = settings.which
        self.source = settings.source_dir
        self.scratch = scratch
        self.server = ModelServer(settings.llm_url, settings.llm_api_key, settings.llm_model)
        self._page: ModuleType | None = None

    def module(self, name: str) -> Any:
        """Import a module of upstream, or of what it stands on, by its name.

        Raises:
            UnexpectedShape: If there is none of that name.
        """
        for folder in (self.source, self.source / "apps" / "agentfabric"):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise UnexpectedShape(str(self.source), f"module `{name}`", "none") from error

    @property
    def page(self) -> Any:
        """Upstream's page module, `app.py` or `appBot.py`: there from the stage PAGE on."""
        if self._page is None:
            raise RuntimeError("the page module is imported after the adaptations of LIBRARY")
        return self._page

    def load_page(self) -> None:
        """Import the page module: that builds the page, and its `demo.launch()` does nothing.

        Raises:
            UnexpectedShape: If that made no page.
        """
        blocks = self.module("gradio").Blocks
        launch = expect(blocks, "launch")
        blocks.launch = lambda self, *_, **__: None
        try:
            self._page = self.module(_PAGES[self.which])
        finally:
            blocks.launch = launch
        if not isinstance(expect(self._page, "demo"), blocks):
            raise UnexpectedShape(
                f"{_PAGES[self.which]}.demo", "gradio.Blocks", repr(type(self._page.demo))
            )


def expect(owner: object, name: str, *parameters: str) -> Any:
    """The attribute ``name`` of ``owner``, after a look at its shape.

    ``parameters``, if given, are the names that it takes, `self` left out.

    Raises:
        UnexpectedShape: If there is no such attribute, or it takes others.
    """
    where = f"{getattr(owner, '__module__', '')}.{getattr(owner, '__qualname__', '')}".strip(".")
    where = f"{where or getattr(owner, '__name__', repr(owner))}.{name}"
    try:
        found = getattr(owner, name)
    except AttributeError:
        raise UnexpectedShape(where, "is there", "is not there") from None
    if parameters:
        wanted = f"({', '.join(parameters)})"
        if not callable(found):
            raise UnexpectedShape(where, wanted, repr(type(found)))
        names = [each for each in inspect.signature(found).parameters if each != "self"]
        if names != list(parameters):
            raise UnexpectedShape(where, wanted, f"({', '.join(names)})")
    return found
