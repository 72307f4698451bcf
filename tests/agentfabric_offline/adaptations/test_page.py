"""The page names no other host, and its ways out are closed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gradio_page import offline

from agentfabric_offline.adaptations import page
from agentfabric_offline.errors import Problem, UnexpectedShape

TEMPLATE = """<head>
<meta property="og:url" content="https://gradio.app/" />
<link rel="preconnect" href="https://fonts.gstatic.com" />
</head>"""


def upstream(which: str = "app", page: Any = None, **modules: Any) -> Any:
    named = {name.replace("__", "."): module for name, module in modules.items()}
    return SimpleNamespace(which=which, page=page, module=named.__getitem__)


def templates(source: str) -> Any:
    loader = SimpleNamespace(get_source=lambda environment, template: (source, "name", None))
    routes = SimpleNamespace(templates=SimpleNamespace(env=SimpleNamespace(loader=loader)))
    return loader, upstream(gradio__routes=routes)


def test_templates_lose_what_is_of_other_hosts_alone() -> None:
    loader, served = templates(TEMPLATE)
    page.strip_templates(served)
    source, *rest = loader.get_source(environment=None, template="frontend/index.html")
    assert source == offline(TEMPLATE)
    assert "gstatic" not in source
    assert rest == ["name", None]


def test_another_way_to_name_a_host_stops_the_start() -> None:
    _, served = templates(TEMPLATE + "<img src='https://elsewhere.example/'>")
    with pytest.raises(UnexpectedShape, match="index.html"):
        page.strip_templates(served)


def test_no_font_is_asked_for() -> None:
    class GoogleFont:
        def stylesheet(self) -> str:
            return "https://fonts.googleapis.com/"

    page.use_fonts_of_the_browser(
        upstream(gradio__themes__utils__fonts=SimpleNamespace(GoogleFont=GoogleFont))
    )
    assert GoogleFont().stylesheet() is None


def test_an_agent_without_a_picture_has_the_local_one() -> None:
    utils = SimpleNamespace(
        format_cover_html=lambda configuration, bot_avatar_path: bot_avatar_path
    )
    page.use_a_local_placeholder(upstream(gradio_utils=utils))
    assert utils.format_cover_html({}, None) == "assets/bot.jpg"
    assert utils.format_cover_html({}, "mine.png") == "mine.png"


def test_a_picture_that_cannot_be_made_small_is_sent_whole(tmp_path: Path) -> None:
    def unknown(path: str) -> None:
        raise OSError("no picture")

    utils = SimpleNamespace(covert_image_to_base64=lambda image_path: f"whole {image_path}")
    served = upstream(gradio_utils=utils, PIL__Image=SimpleNamespace(open=unknown))
    page.show_a_small_picture(served)
    (tmp_path / "a.svg").touch()
    assert utils.covert_image_to_base64(f"{tmp_path}/a.svg") == f"whole {tmp_path}/a.svg"


def publishing() -> tuple[Any, Any]:
    texts = {
        "publish_alert": ["一", "one"],
        "import_hint": ["二", "two"],
        "header": ["三", "three"],
    }
    publish_util = SimpleNamespace(
        pop_user_info_from_config=lambda src_dir, uuid_str: {},
        reload_agent_zip=lambda agent_url, dst_dir, uuid_str, state: "",
    )
    served = upstream(i18n=SimpleNamespace(i18n=texts), publish_util=publish_util)
    return texts, served


def test_publishing_is_told_and_refused_in_both_languages() -> None:
    texts, served = publishing()
    page.replace_publishing(served)
    for language in (0, 1):
        assert "`airgap publish NAME`" in texts["publish_alert"][language]
        assert "`airgap import" in texts["import_hint"][language]
    assert texts["header"] == ["三", "three"]
    publish_util = served.module("publish_util")
    with pytest.raises(Problem, match="airgap publish"):
        publish_util.pop_user_info_from_config("/state", "local_user")
    with pytest.raises(Problem, match="airgap import"):
        publish_util.reload_agent_zip("http://elsewhere.example/", "/state", "local_user", {})


def test_a_text_that_is_gone_stops_the_start() -> None:
    texts, served = publishing()
    del texts["publish_alert"]
    with pytest.raises(UnexpectedShape, match="publish_alert"):
        page.replace_publishing(served)


NAMES = (
    *("publish_button", "build_hint_md", "publish_link", "publish_hint_md"),
    *("update_space", "import_button"),
)


def test_the_buttons_of_publishing_are_hidden() -> None:
    built = SimpleNamespace(**{name: SimpleNamespace(visible=True) for name in NAMES})
    page.hide_publishing(upstream(page=built))
    assert not any(getattr(built, name).visible for name in NAMES)


def test_the_page_of_an_agent_has_no_publishing() -> None:
    page.replace_publishing(upstream("bot"))
    page.hide_publishing(upstream("bot"))
