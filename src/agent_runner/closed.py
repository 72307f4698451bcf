"""Keep the page in the browser from asking any other host."""

from collections.abc import Callable

import gradio.routes
import gradio_page
import jinja2
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LocalTemplates(jinja2.BaseLoader):
    """Gradio's page templates as they are served here, see `gradio_page.offline`."""

    def __init__(self, original: jinja2.BaseLoader) -> None:
        self._original = original

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, filename, uptodate = self._original.get_source(environment, template)
        return gradio_page.offline(source), filename, uptodate


def close_templates() -> None:
    """Make gradio use ``LocalTemplates``."""
    environment = gradio.routes.templates.env
    assert environment.loader is not None
    environment.loader = LocalTemplates(environment.loader)


class WithPolicy:
    """An ASGI application whose answers carry the content security policy (W3C CSP Level 3)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = gradio_page.POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, with_policy)
