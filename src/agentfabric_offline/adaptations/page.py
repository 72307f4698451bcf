"""What the page asks for from the browser: nothing of any other host."""

import base64
import functools
import io
import os
from collections.abc import Callable
from typing import Any

from gradio_page import offline

from agentfabric_offline.errors import Problem, UnexpectedShape
from agentfabric_offline.texts import PAGE
from agentfabric_offline.upstream import Upstream, expect

_UpToDate = Callable[[], bool] | None


def use_fonts_of_the_browser(upstream: Upstream) -> None:
    """Load no font from a font service: where packets are dropped the page would wait for it."""
    font = upstream.module("gradio.themes.utils.fonts").GoogleFont
    expect(font, "stylesheet")
    font.stylesheet = lambda self: None


def strip_templates(upstream: Upstream) -> None:
    """Take scripts and links to other hosts out of gradio's page templates.

    They are a script that resizes a frame around the page and hints for font services. A page that
    lost one of its own files is loaded anew, where gradio shows its loading sign for ever.
    """
    env = expect(upstream.module("gradio.routes"), "templates").env
    loader = expect(env, "loader")
    get_source = expect(loader, "get_source", "environment", "template")
    # Else gradio has been changed, and the page may name them in another way.
    if offline(get_source(env, "frontend/index.html")[0]).count("://") > 1:
        raise UnexpectedShape("gradio's frontend/index.html", "one address in a `meta`", "more")

    def stripped(environment: Any, template: str) -> tuple[str, str | None, _UpToDate]:
        source, filename, uptodate = get_source(environment, template)
        return offline(source), filename, uptodate

    loader.get_source = stripped


def use_a_local_placeholder(upstream: Upstream) -> None:
    """Show upstream's own picture of an agent that has none yet, not one of an image server."""
    gradio_utils = upstream.module("gradio_utils")
    cover = expect(gradio_utils, "format_cover_html", "configuration", "bot_avatar_path")
    picture = os.path.join("assets", "bot.jpg")

    def format_cover_html(configuration: Any, bot_avatar_path: str | None) -> Any:
        return cover(configuration, bot_avatar_path or picture)

    gradio_utils.format_cover_html = format_cover_html


def show_a_small_picture(upstream: Upstream) -> None:
    """Send the picture over the chat in the size in which it is shown, 100 pixels.

    Upstream puts the whole file into the page, 1.3 MB at each visit for its own picture.
    """
    gradio_utils = upstream.module("gradio_utils")
    whole = expect(gradio_utils, "covert_image_to_base64", "image_path")
    image = upstream.module("PIL.Image")

    @functools.lru_cache(maxsize=32)
    def small(image_path: str, _: int) -> str:
        with image.open(image_path) as picture:
            # Twice as many, for fine screens.
            picture.thumbnail((200, 200))
            png = io.BytesIO()
            picture.save(png, "PNG")
        return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"

    def covert_image_to_base64(image_path: str) -> Any:
        try:
            return small(image_path, os.stat(image_path).st_mtime_ns)
        except (OSError, ValueError):
            # No picture that Pillow knows; a browser may.
            return whole(image_path)

    gradio_utils.covert_image_to_base64 = covert_image_to_base64


def replace_publishing(upstream: Upstream) -> None:
    """Say how an agent is published and carried here, and refuse upstream's ways.

    Upstream uploads the agent to a bucket, to be published on ModelScope, and imports one from any
    address that a visitor names.
    """
    if upstream.which != "app":
        return
    texts = expect(upstream.module("i18n"), "i18n")
    for key, ours in {"publish_alert": "publish", "import_hint": "import"}.items():
        if len(texts.get(key, ())) != 2:
            raise UnexpectedShape(f"i18n.i18n[{key!r}]", "two texts", repr(texts.get(key)))
        texts[key] = [PAGE["zh"][ours], PAGE["en"][ours]]
    publishing = upstream.module("publish_util")

    def refuse(*_: object, **__: object) -> None:
        raise Problem("publish")

    expect(publishing, "pop_user_info_from_config", "src_dir", "uuid_str")
    expect(publishing, "reload_agent_zip", "agent_url", "dst_dir", "uuid_str", "state")
    # Each is the first that its button calls; hidden buttons can be called all the same.
    publishing.pop_user_info_from_config = refuse
    publishing.reload_agent_zip = refuse


def hide_publishing(upstream: Upstream) -> None:
    """Hide the fields and buttons of upstream's ways to publish and to import."""
    if upstream.which != "app":
        return
    for name in (
        *("publish_button", "build_hint_md", "publish_link", "publish_hint_md"),
        *("update_space", "import_button"),
    ):
        component = expect(upstream.page, name)
        expect(component, "visible")
        component.visible = False
