"""The guides as pages: everything that they name is beside them, and nothing leads elsewhere."""

import sys
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pytest

from airgap.errors import AirgapError
from airgap.guides import guides, render
from airgap.store import Store
from airgap.tree import Tree
from tests.airgap.blobs import put

DOCS = Path("docs")


class Page(HTMLParser):
    """What a page has: where it leads, what it shows, its headings, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.headings: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        if "href" in values:
            self.links.append(values["href"] or "")
        if "src" in values:
            self.pictures.append(values["src"] or "")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(tag)
        if "id" in values:
            self.ids.add(values["id"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files() -> Files:
    """The guides of this repository, and their pictures."""
    patterns = ("agent-author*.md", "operator*.md", "security*.md", "images/*.png")
    paths = [path for pattern in patterns for path in DOCS.glob(pattern)]
    return {str(path.relative_to(DOCS)): path.read_bytes() for path in paths}


def written(store: Store, files: Files) -> Tree:
    return guides(store, {path: put(store, data) for path, data in files.items()})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, files: Files) -> tuple[Store, Tree]:
    store = Store(tmp_path_factory.mktemp("guides") / "store")
    return store, written(store, files)


@pytest.fixture(scope="module")
def pages(made: tuple[Store, Tree]) -> dict[str, Page]:
    store, tree = made
    return {
        path: Page(store.path(entry.blob).read_text("utf-8"))
        for path, entry in tree.items()
        if path.endswith(".html")
    }


def test_operators_and_authors_find_their_guides_in_both_languages(pages: dict[str, Page]) -> None:
    assert set(pages) == {
        f"guide/{guide}.{language}.html"
        for guide in ("agent-author", "operator", "security")
        for language in ("en", "zh-CN")
    }
    assert "./airgap check" in pages["guide/operator.en.html"].text
    assert "./airgap check" in pages["guide/operator.zh-CN.html"].text


def test_every_link_leads_to_a_heading_or_a_page_that_is_there(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        assert page.links, path
        for link in page.links:
            target, _, place = link.partition("#")
            other = pages.get(f"guide/{target}" if target else path)
            assert other is not None, f"{path} leads to {link}"
            assert not place or unquote(place) in other.ids, f"{path} leads to {link}"


def test_nothing_else_is_loaded(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        assert page.tags.isdisjoint({"link", "script", "iframe", "object", "base"}), path


def test_every_picture_is_beside_the_page(made: tuple[Store, Tree], pages: dict[str, Page]) -> None:
    shown = {str(PurePosixPath(path).parent / p) for path in pages for p in pages[path].pictures}
    assert shown
    assert shown == {path for path in made[1] if path.endswith(".png")}


@pytest.mark.parametrize("guide", ["agent-author", "operator", "security"])
def test_both_languages_have_the_same_outline(pages: dict[str, Page], guide: str) -> None:
    english, chinese = (pages[f"guide/{guide}.{language}.html"] for language in ("en", "zh-CN"))
    assert english.headings == chinese.headings


def test_a_second_time_gives_the_same_bytes(
    made: tuple[Store, Tree], files: Files, tmp_path: Path
) -> None:
    assert written(Store(tmp_path / "another"), dict(reversed(files.items()))) == made[1]


def test_unchanged_texts_are_not_read_again(
    made: tuple[Store, Tree], files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    assert written(made[0], files) == made[1]


TEXT = """# A title

[outside](https://example.com/x), <https://example.com/y>, [gpu.md](gpu.md), [b.md](b.md#two),
[here](#what-now) and <b>.

## What now?

## What now?
"""


def test_what_would_lead_outside_is_plain_text() -> None:
    pages = dict(render({"a.md": TEXT, "b.md": "# B\n\n## Two\n"}, ()))
    page = Page(pages["a.en.html"])
    assert page.links == ["b.en.html", "b.en.html#two", "#what-now"]
    assert "outside, https://example.com/y, gpu.md, B,\nhere and <b>." in page.text
    assert {"what-now", "what-now-1"} <= page.ids


def test_lines_of_chinese_are_joined_without_a_blank() -> None:
    pages = dict(
        render({"a.zh-CN.md": "# 题\n\n磁盘取决于\n交付包，由\n`check` 给出\nof it\n"}, ())
    )
    assert "磁盘取决于交付包，由\ncheck 给出\nof it" in Page(pages["a.zh-CN.html"]).text


@pytest.mark.parametrize("picture", ["images/lost.png", "https://example.com/x.png"])
def test_a_picture_that_is_not_there_stops_the_build(picture: str) -> None:
    with pytest.raises(AirgapError, match=picture):
        list(render({"a.md": f"# A\n\n![x]({picture})\n"}, {"images/found.png"}))
