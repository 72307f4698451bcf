"""Each visitor's files are his own, in the code of gradio and of ModelScope's components."""

import asyncio
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import files, markup
from agentfabric_offline.adaptations.users import visited_by
from agentfabric_offline.errors import Problem, UnexpectedShape
from login import SESSION, USER

ANN = {USER: "ann", SESSION: "1"}
BOB = {USER: "bob", SESSION: "2"}


class Upstream:
    """What upstream and its libraries look like to these adaptations."""

    def __init__(self, folder: Path) -> None:
        class Block:
            def __init__(self) -> None:
                self.GRADIO_CACHE = "/tmp/gradio"

            def move_resource_to_block_cache(self, url_or_file_path: Any) -> Any:
                return f"moved {url_or_file_path}"

        class App:
            def __init__(self) -> None:
                self.uploaded_file_dir = "/tmp/gradio"

        class Component:
            def preprocess(self, payload: Any) -> Any:
                return payload

        self.which = "app"
        self.scratch = folder / "scratch"
        self.source = folder / "source"
        self.settings = SimpleNamespace(
            code_interpreter_dir=folder / "work", state_dir=folder / "state"
        )
        self.modules: dict[str, Any] = {
            "gradio.blocks": SimpleNamespace(Block=Block),
            "gradio.routes": SimpleNamespace(App=App),
            "gradio.processing_utils": SimpleNamespace(
                move_resource_to_block_cache=lambda url_or_file_path, block: None,
                save_url_to_cache=lambda url, cache_dir: "fetched",
            ),
            "gradio_client.utils": SimpleNamespace(
                is_http_url_like=lambda text: text.startswith("http")
            ),
            "modelscope_gradio_components": SimpleNamespace(
                MultimodalInput=type("Input", (Component,), {}),
                Chatbot=type("Chatbot", (Component,), {}),
            ),
            "modelscope_gradio_components.components.Chatbot": SimpleNamespace(
                process_links=lambda text, block: text
            ),
            "modelscope_gradio_components.utils.process_links": SimpleNamespace(
                process_markdown_links=lambda markdown, transformer: transformer(markdown),
                process_html_links=lambda html, transformer: html,
            ),
        }

    def module(self, name: str) -> Any:
        return self.modules[name]


@pytest.fixture
def upstream(tmp_path: Path) -> Any:
    return Upstream(tmp_path)


@pytest.mark.parametrize(
    "adapt",
    [
        files.keep_uploads_and_copies_apart,
        files.copy_only_what_the_visitor_may_have,
        files.take_only_files_that_were_uploaded,
        files.link_only_what_the_visitor_may_have,
        files.name_avatars_by_file_name,
        files.remove_broken_uploads,
        files.take_nothing_but_files_in_uploads,
        files.load_character_maps_by_name,
        markup.show_names_as_text,
    ],
)
def test_another_upstream_stops_the_start(upstream: Any, adapt: Any) -> None:
    upstream.module = lambda name: SimpleNamespace()
    with pytest.raises(UnexpectedShape):
        adapt(upstream)


def test_uploads_and_copies_lie_apart(upstream: Any) -> None:
    files.keep_uploads_and_copies_apart(upstream)
    block, app = upstream.module("gradio.blocks").Block(), upstream.module("gradio.routes").App()
    while_built = block.GRADIO_CACHE
    folders = [while_built]
    for scope in (ANN, BOB):
        with visited_by(scope):
            assert app.uploaded_file_dir == block.GRADIO_CACHE
            assert os.path.isdir(block.GRADIO_CACHE)
            folders.append(block.GRADIO_CACHE)
    assert len(set(folders)) == 3
    assert all(folder.startswith(str(upstream.scratch)) for folder in folders)


def test_a_visitor_s_files_alone_are_copied(upstream: Any, tmp_path: Path) -> None:
    files.copy_only_what_the_visitor_may_have(upstream)
    move = upstream.module("gradio.blocks").Block().move_resource_to_block_cache
    mine = tmp_path / "state" / "config" / "ann" / "cat.png"
    with visited_by(ANN):
        assert move(str(mine)) == f"moved {mine}"
        assert move(None) == "moved None"
    for path in (str(mine), mine, "/etc/passwd", "http://other.example/"):
        with visited_by(BOB), pytest.raises(Problem) as raised:
            move(path)
        # Not where a file is that somebody asked for.
        assert "/etc" not in str(raised.value) and str(tmp_path) not in str(raised.value)
    assert move("/anything/while/the/page/is/built") == "moved /anything/while/the/page/is/built"


def test_no_address_is_fetched(upstream: Any) -> None:
    files.copy_only_what_the_visitor_may_have(upstream)
    with pytest.raises(Problem):
        upstream.module("gradio.processing_utils").save_url_to_cache("http://other.example", "x")


@pytest.mark.parametrize("name", ["MultimodalInput", "Chatbot"])
def test_messages_name_uploads_of_their_sender_alone(upstream: Any, name: str) -> None:
    files.take_only_files_that_were_uploaded(upstream)
    component = getattr(upstream.module("modelscope_gradio_components"), name)()
    mine = str(upstream.scratch / "gradio" / "users" / "ann" / "a" / "a.txt")

    def message(path: str) -> Any:
        return SimpleNamespace(model_dump=lambda: {"text": "x", "files": [path]})

    taken = message(mine)
    with visited_by(ANN):
        assert component.preprocess(taken) is taken
        assert component.preprocess(None) is None
    for scope, path in ((BOB, mine), (ANN, "/etc/passwd")):
        with visited_by(scope), pytest.raises(Problem):
            component.preprocess(message(path))
    with pytest.raises(Problem):
        component.preprocess(taken)


def test_links_lead_to_own_files_or_stay_as_they_are(upstream: Any, tmp_path: Path) -> None:
    files.link_only_what_the_visitor_may_have(upstream)
    link = upstream.module("modelscope_gradio_components.components.Chatbot").process_links
    block = upstream.module("gradio.blocks").Block()
    plot = tmp_path / "work" / "ann" / "plot.png"
    plot.parent.mkdir(parents=True)
    plot.touch()
    with visited_by(ANN):
        assert link(str(plot), block) == f"/file=moved {plot}"
        for text in ("/etc/passwd", "https://a.example/", str(plot.parent), "nothing", "/"):
            assert link(text, block) == text
    with visited_by(BOB):
        assert link(str(plot), block) == str(plot)


def test_an_agent_s_picture_is_in_its_folder(upstream: Any) -> None:
    config_utils = SimpleNamespace(get_avatar_image=lambda bot_avatar, uuid_str: bot_avatar)
    upstream.modules["config_utils"] = config_utils
    files.name_avatars_by_file_name(upstream)
    assert config_utils.get_avatar_image("../../../etc/passwd", "ann") == "passwd"
    assert config_utils.get_avatar_image("", "ann") == ""


def test_a_broken_upload_leaves_nothing(upstream: Any, tmp_path: Path) -> None:
    file = tempfile.NamedTemporaryFile(dir=tmp_path, delete=False)

    class Parser:
        _files_to_close_on_error = [file]  # noqa: RUF012

        async def parse(self) -> None:
            raise ConnectionError

    upstream.modules["gradio.route_utils"] = SimpleNamespace(GradioMultiPartParser=Parser)
    files.remove_broken_uploads(upstream)
    with pytest.raises(ConnectionError):
        asyncio.run(Parser().parse())
    assert list(tmp_path.iterdir()) == []


def test_an_upload_has_no_fields_that_are_no_files(upstream: Any) -> None:
    class Parser:
        def __init__(
            self,
            headers: Any,
            stream: Any,
            *,
            max_files: int = 1000,
            max_fields: int = 1000,
            upload_id: Any = None,
            upload_progress: Any = None,
        ) -> None:
            self.given = (max_files, max_fields, upload_id)

    upstream.modules["gradio.route_utils"] = SimpleNamespace(GradioMultiPartParser=Parser)
    files.take_nothing_but_files_in_uploads(upstream)
    assert Parser({}, None, max_files=1000, max_fields=1000, upload_id="x").given == (100, 0, "x")


def test_a_character_map_has_a_name_and_no_path(upstream: Any) -> None:
    class CMapDB:
        class CMapNotFound(Exception):
            pass

        @classmethod
        def _load_data(cls, name: str) -> str:
            return f"map {name}"

    upstream.modules["pdfminer.cmapdb"] = SimpleNamespace(CMapDB=CMapDB)
    files.load_character_maps_by_name(upstream)
    assert CMapDB._load_data("UniGB-UCS2-H") == "map UniGB-UCS2-H"
    for name in ("/tmp/evil", "../evil", "..", "a/b", "a\0", ""):
        with pytest.raises(CMapDB.CMapNotFound):
            CMapDB._load_data(name)


def test_names_are_shown_as_they_were_written(upstream: Any) -> None:
    utils = SimpleNamespace(
        format_cover_html=lambda configuration, bot_avatar_path: (configuration, bot_avatar_path)
    )
    upstream.modules["gradio_utils"] = utils
    markup.show_names_as_text(upstream)
    shown = utils.format_cover_html({"name": "<b>", "description": None, "x": 1}, "a.png")
    assert shown == ({"name": "&lt;b&gt;", "description": ""}, "a.png")
