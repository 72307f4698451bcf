"""The guides in a bundle: this repository's Markdown as HTML pages that need nothing else.

``operator.md`` becomes ``guide/operator.en.html``, ``operator.zh-CN.md`` becomes
``guide/operator.zh-CN.html``. A page has its style in it and its pictures beside it; it leads to
the other pages, and what would lead elsewhere is plain text, because nothing else is there.
"""

import html
import importlib.metadata
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from airgap.errors import AirgapError
from airgap.store import Blob, Recipe, Store
from airgap.tree import Entry, Tree, below

if TYPE_CHECKING:
    from markdown_it.token import Token

FOLDER = "guide"

_VERSION = 2
"""Raised whenever the same files give other bytes than before."""

_CHINESE = ".zh-CN"

_WIDE = "[\u2e80-\u9fff\uff00-\uffef]"
"""Characters and punctuation that are written without blanks."""

_STYLE = """
body { max-width: 52rem; margin: 0 auto; padding: 1rem; line-height: 1.5; color: #1f2328;
  background: #fff; font-family: system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
nav { border-bottom: 1px solid #d1d9e0; padding-bottom: .5rem; }
nav > * { margin-right: 1.5rem; }
a { color: #0969da; }
img { max-width: 100%; border: 1px solid #d1d9e0; }
code { font-family: ui-monospace, monospace; font-size: .9em; background: #f0f1f3; }
pre { padding: .8rem; overflow-x: auto; background: #f0f1f3; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #d1d9e0; padding: .3rem .6rem; text-align: left; vertical-align: top; }
@media print { nav { display: none; } pre { white-space: pre-wrap; } table { display: table; } }
"""


def guides(store: Store, files: Mapping[str, Blob]) -> Tree:
    """The folder ``guide``; its pages are written, within a second, where a text is a new one.

    Args:
        files: Texts (``*.md``) and the pictures that they show, by path below one folder.

    Raises:
        AirgapError: A text shows a picture that is not among the files.
    """
    texts = {path: blob for path, blob in sorted(files.items()) if path.endswith(".md")}
    pictures = {path: Entry(blob) for path, blob in files.items() if path not in texts}
    inputs = {
        "texts": {path: blob.sha256 for path, blob in texts.items()},
        "pictures": sorted(pictures),
        "library": importlib.metadata.version("markdown-it-py"),
    }
    recipe = Recipe("guides", _VERSION, inputs)
    pages = store.result(recipe)
    if pages is None:
        read = {path: store.path(blob).read_text("utf-8") for path, blob in texts.items()}
        pages = {}
        for name, page in render(read, pictures):
            with store.writer(doing="writing", subject=f"{FOLDER}/{name}") as out:
                out.write(page.encode())
            pages[name] = out.blob
        store.record(recipe, pages)
    return below(FOLDER, {path: Entry(blob) for path, blob in pages.items()} | pictures)


def render(texts: Mapping[str, str], pictures: Collection[str]) -> Iterator[tuple[str, str]]:
    """The name and the HTML of each text's page.

    Args:
        texts: Markdown (CommonMark, with tables as GitHub has them) by file name.
        pictures: Paths by which the texts may show pictures.

    Raises:
        AirgapError: A text shows another picture.
    """
    # Imported here because a build in which nothing changed has no use for it.
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    parsed = {name: markdown.parse(text) for name, text in texts.items()}
    titles = {name: _title(name, tokens) for name, tokens in parsed.items()}
    for name, tokens in parsed.items():
        _name_headings(tokens)
        for token in tokens:
            if token.children:
                _close_lines(token.children)
                token.children = list(_stay_here(name, token.children, titles, pictures))
        body = markdown.renderer.render(tokens, markdown.options, {})
        yield _page(name), _document(name, titles, body)


def _page(name: str) -> str:
    stem = name.removesuffix(".md")
    return f"{stem}.html" if stem.endswith(_CHINESE) else f"{stem}.en.html"


def _language(name: str) -> str:
    return "zh-CN" if name.endswith(f"{_CHINESE}.md") else "en"


def _title(name: str, tokens: Sequence["Token"]) -> str:
    if len(tokens) < 2 or tokens[0].tag != "h1":
        raise AirgapError("making a page of", name, expected="a first line with `# ` and a title")
    return _text(tokens[1])


def _text(heading: "Token") -> str:
    return "".join(child.content for child in heading.children or ())


def _name_headings(tokens: Sequence["Token"]) -> None:
    """Give headings the names by which GitHub's links lead to them."""
    taken: dict[str, int] = {}
    for token, text in pairwise(tokens):
        if token.type == "heading_open":
            name = re.sub(r"[^\w\- ]", "", _text(text).lower()).replace(" ", "-")
            again = taken[name] = taken.get(name, -1) + 1
            token.attrSet("id", f"{name}-{again}" if again else name)


def _close_lines(tokens: Sequence["Token"]) -> None:
    """Where a line of Chinese ends in the file there is no blank on the page."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.type == "softbreak" and re.search(
            f"{_WIDE}\n{_WIDE}", f"{before.content}\n{after.content}"
        ):
            token.type = "text"


def _stay_here(
    name: str, tokens: Sequence["Token"], titles: Mapping[str, str], pictures: Collection[str]
) -> Iterator["Token"]:
    """A line without links to what is not there; a page that is linked by its file is called by
    its title."""
    linked = False
    for token in tokens:
        if token.type == "link_open":
            target, _, place = str(token.attrGet("href")).partition("#")
            linked = target in ("", *titles)
            if target and linked:
                token.attrSet("href", _page(target) + (f"#{place}" if place else ""))
        elif token.type == "image" and (picture := token.attrGet("src")) not in pictures:
            raise AirgapError(
                "making a page of",
                name,
                expected=f"only pictures of the `files` with it: {', '.join(sorted(pictures))}",
                found=str(picture),
                remedy="add the picture to the `files` in the BUILD file, or correct its path",
            )
        elif token.type == "text" and linked:
            token.content = titles.get(token.content, token.content)
        if linked or token.type not in ("link_open", "link_close"):
            yield token
        linked = linked and token.type != "link_close"


def _document(name: str, titles: Mapping[str, str], body: str) -> str:
    language = _language(name)
    others = "\n".join(
        f"<strong>{html.escape(title)}</strong>"
        if other == name
        else f'<a href="{_page(other)}">{html.escape(title)}</a>'
        for other, title in titles.items()
        if _language(other) == language
    )
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(titles[name])}</title>
<style>{_STYLE}</style>
</head>
<body>
<nav>
{others}
</nav>
<main>
{body}</main>
</body>
</html>
"""
