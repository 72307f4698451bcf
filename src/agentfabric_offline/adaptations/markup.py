"""What people and models write is shown as text, not as a part of the page."""

from html import escape
from typing import Any

from agentfabric_offline.upstream import Upstream, expect


def show_names_as_text(upstream: Upstream) -> None:
    """Show an agent's name and description as they were written.

    Upstream puts both into the page as HTML, so that a name holds a script which runs in the
    browser of everybody who opens the published agent.
    """
    gradio_utils = upstream.module("gradio_utils")
    cover = expect(gradio_utils, "format_cover_html", "configuration", "bot_avatar_path")

    def format_cover_html(configuration: Any, bot_avatar_path: str | None) -> Any:
        texts = {key: escape(str(configuration.get(key) or "")) for key in ("name", "description")}
        return cover(texts, bot_avatar_path)

    gradio_utils.format_cover_html = format_cover_html
