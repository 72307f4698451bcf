"""Which files the page opens, copies and serves: each visitor's own."""

import contextlib
import os
import re
from typing import Any

from agentfabric_offline.adaptations.users import current_visitor
from agentfabric_offline.errors import Problem
from agentfabric_offline.folders import Folders, named_files
from agentfabric_offline.upstream import Upstream, expect

_MAP = re.compile(r"[\w-][\w.-]*")


def keep_uploads_and_copies_apart(upstream: Upstream) -> None:
    """Give each account its own folder for uploads and for files that the page shows to it.

    gradio has one for all, names files in it by their content, and serves whatever lies there.
    """
    folders = Folders.of(upstream)

    def folder(_: Any) -> str:
        visitor = current_visitor()
        mine = folders.own(visitor.name) if visitor else folders.page
        mine.mkdir(parents=True, exist_ok=True)
        return str(mine)

    # Both are set once, when a component or the application is made.
    for owner, name in (
        (expect(upstream.module("gradio.blocks"), "Block"), "GRADIO_CACHE"),
        (expect(upstream.module("gradio.routes"), "App"), "uploaded_file_dir"),
    ):
        setattr(owner, name, property(folder, lambda self, value: None))


def copy_only_what_the_visitor_may_have(upstream: Upstream) -> None:
    """Refuse to open or copy any file that is not the visitor's, and to fetch any address.

    gradio copies each file that a browser names anywhere in its data to where that browser can
    read it, and fetches each address; links in a chat are treated likewise.
    """
    folders = Folders.of(upstream)
    block = expect(upstream.module("gradio.blocks"), "Block")
    processing = upstream.module("gradio.processing_utils")
    is_address = expect(upstream.module("gradio_client.utils"), "is_http_url_like")
    original = expect(block, "move_resource_to_block_cache", "url_or_file_path")
    expect(processing, "move_resource_to_block_cache", "url_or_file_path", "block")
    expect(processing, "save_url_to_cache", "url", "cache_dir")

    def move(self: Any, url_or_file_path: Any) -> Any:
        visitor = current_visitor()
        # Without one the page is being built, of files that it names itself.
        if visitor is not None and url_or_file_path is not None:
            path = str(url_or_file_path)
            if is_address(path) or not folders.may_be_shown(visitor.name, path):
                raise Problem("foreign", name=os.path.basename(path))
        return original(self, url_or_file_path)

    def refuse(url: str, cache_dir: str) -> str:
        raise Problem("foreign", name=url)

    block.move_resource_to_block_cache = move
    processing.save_url_to_cache = refuse


def take_only_files_that_were_uploaded(upstream: Upstream) -> None:
    """Refuse a message that names a file which its sender has not uploaded.

    The components of ModelScope take a file's path as plain text too, past gradio's own handling,
    and the page copies it to the code interpreter and reads it as knowledge.
    """
    folders = Folders.of(upstream)
    components = upstream.module("modelscope_gradio_components")
    for name in ("MultimodalInput", "Chatbot"):
        component = expect(components, name)
        component.preprocess = _checked(folders, expect(component, "preprocess", "payload"))


def _checked(folders: Folders, preprocess: Any) -> Any:
    def checked(self: Any, payload: Any) -> Any:
        visitor = current_visitor()
        for path in named_files(payload.model_dump() if payload is not None else None):
            if path and (visitor is None or not folders.may_have(visitor.name, path)):
                raise Problem("foreign", name=os.path.basename(path))
        return preprocess(self, payload)

    return checked


def link_only_what_the_visitor_may_have(upstream: Upstream) -> None:
    """Leave a link in a chat as it is, unless it leads to a file of the visitor.

    Upstream's component copies whatever file a link names, be it in an answer of the model or in
    what the browser sends, and fails where it is a folder.
    """
    folders = Folders.of(upstream)
    links = upstream.module("modelscope_gradio_components.utils.process_links")
    chatbot = upstream.module("modelscope_gradio_components.components.Chatbot")
    in_markdown = expect(links, "process_markdown_links", "markdown", "transformer")
    in_html = expect(links, "process_html_links", "html", "transformer")
    expect(chatbot, "process_links", "text", "block")

    def process_links(text: str, block: Any) -> str:
        visitor = current_visitor()

        def linked(target: str) -> str:
            allowed = visitor and folders.may_be_shown(visitor.name, target)
            if not allowed or not os.path.isfile(target):
                return target
            return f"/file={block.move_resource_to_block_cache(os.path.abspath(target))}"

        return str(in_html(in_markdown(text, linked), linked))

    chatbot.process_links = process_links


def name_avatars_by_file_name(upstream: Upstream) -> None:
    """Look for an agent's picture in the agent's own folder alone.

    A config that names it `../..` makes the page show any file.
    """
    config_utils = upstream.module("config_utils")
    original = expect(config_utils, "get_avatar_image", "bot_avatar", "uuid_str")

    def get_avatar_image(bot_avatar: str, uuid_str: str = "") -> Any:
        return original(os.path.basename(bot_avatar), uuid_str)

    config_utils.get_avatar_image = get_avatar_image


def remove_broken_uploads(upstream: Upstream) -> None:
    """Remove the file of an upload that ends early; gradio leaves it in the temporary folder."""
    parser = expect(upstream.module("gradio.route_utils"), "GradioMultiPartParser")
    original = expect(parser, "parse")

    async def parse(self: Any) -> Any:
        try:
            return await original(self)
        except BaseException:
            for file in expect(self, "_files_to_close_on_error"):
                file.close()
                with contextlib.suppress(OSError):
                    os.unlink(file.name)
            raise

    parser.parse = parse


def load_character_maps_by_name(upstream: Upstream) -> None:
    """Let a PDF name no file as its character map.

    pdfminer takes any path for one and unpickles it, so that a PDF which names another upload runs
    code (CVE-2025-64512).
    """
    maps = expect(upstream.module("pdfminer.cmapdb"), "CMapDB")
    original = expect(maps, "_load_data", "name")
    missing = expect(maps, "CMapNotFound")

    def load(cls: Any, name: str) -> Any:
        if not _MAP.fullmatch(name):
            raise missing(name)
        return original.__func__(cls, name)

    maps._load_data = classmethod(load)


def take_nothing_but_files_in_uploads(upstream: Upstream) -> None:
    """Refuse fields in an upload that are no files, and more than a hundred files.

    gradio collects fields in memory, a copy of all for each chunk: some megabytes stop the page
    (CVE-2024-47874 is the same in starlette, which gradio's code is taken from).
    """
    parser = expect(upstream.module("gradio.route_utils"), "GradioMultiPartParser")
    original = expect(
        parser,
        "__init__",
        *("headers", "stream", "max_files", "max_fields", "upload_id", "upload_progress"),
    )

    def start(self: Any, headers: Any, stream: Any, **rest: Any) -> None:
        original(self, headers, stream, **{**rest, "max_files": 100, "max_fields": 0})

    parser.__init__ = start
