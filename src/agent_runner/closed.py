"""Keep the page in the browser from asking any other host."""

import re
from collections.abc import Callable

import gradio.routes
import jinja2
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What a browser enforces, whatever gradio, an answer or a knowledge file names. Gradio's own code
# needs `unsafe-inline` and `unsafe-eval`; neither reaches another host.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_OUTSIDE = re.compile(
    r"<script[^>]*\bsrc=\"https?://[^>]*>\s*</script>|<link[^>]*\bhref=\"https?://[^>]*>"
)


class LocalTemplates(jinja2.BaseLoader):
    """Gradio's page templates without the scripts and links that lead to other hosts."""

    def __init__(self, original: jinja2.BaseLoader) -> None:
        self._original = original

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, filename, uptodate = self._original.get_source(environment, template)
        return without_outside(source), filename, uptodate


def without_outside(html: str) -> str:
    """``html`` without scripts and links to other hosts."""
    return _OUTSIDE.sub("", html)


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
                headers["Content-Security-Policy"] = _POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, with_policy)
