import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.locks.python import Wheel
from airgap.locks.source import EXECUTABLE, LINK, GitFile, SourceLock, parse, render
from airgap.store import Blob

LOCK = SourceLock(
    name="some_source",
    url="https://example.org/some/source",
    commit="c" * 40,
    trees={"lib": "1" * 40, "apps/page": "2" * 40},
    files={
        "LICENSE": GitFile("3" * 40),
        "lib/run.sh": GitFile("4" * 40, EXECUTABLE),
        "lib/latest": GitFile("5" * 40, LINK),
        "apps/page/中文 page.py": GitFile("6" * 40),
    },
    filler=Wheel("some-lib", "1.0", "some_lib-1.0-py3-none-any.whl", Blob("7" * 64, 8)),
)
TEXT = render(LOCK)


def problems(text: str) -> str:
    with pytest.raises(AirgapError) as caught:
        parse(text, "source.lock")
    assert caught.value.found is not None
    return caught.value.found


def test_what_is_written_is_read_back() -> None:
    assert parse(render(LOCK, "a heading"), "source.lock") == LOCK


def test_the_order_of_making_does_not_show() -> None:
    # Equal as values, but not in the order of their tables.
    turned = SourceLock(
        LOCK.name,
        LOCK.url,
        LOCK.commit,
        {path: LOCK.trees[path] for path in reversed(list(LOCK.trees))},
        {path: LOCK.files[path] for path in reversed(list(LOCK.files))},
        LOCK.filler,
    )
    assert render(turned) == TEXT


def test_a_source_without_a_filler_needs_none() -> None:
    without = TEXT[: TEXT.index("\n[filler]")]
    assert parse(without, "source.lock").filler is None


def test_what_is_used_is_said_once() -> None:
    assert sorted(LOCK.paths) == ["LICENSE", "apps/page", "lib"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "some_source"', 'name = "Some-Source"', "name: not lower-case"),
        ("https://example.org", "--upload-pack=/bin/sh ", "url: not an address"),
        ("c" * 40, "main", "commit: not 40 hex digits: 'main'"),
        ("1" * 40, "1" * 39, "trees.lib: not a git tree id"),
        ("3" * 40, "3" * 64, "files.LICENSE: not a git blob id"),
        ("100755", "160000", "files.lib/run.sh: not a git blob id, perhaps with a mode"),
        ('"LICENSE"', '"../LICENSE"', "not a path below the source's folder: '../LICENSE'"),
        ('"LICENSE"', '"/LICENSE"', "not a path below the source's folder: '/LICENSE'"),
        ('"lib/latest"', '"lib/.git/config"', "'lib/.git/config'"),
        ('"apps/page" = "2', '"apps/none" = "2', "trees.apps/none: none of `files` is in it"),
        ('"apps/page" = "2', '"lib/more" = "2', "trees.lib: another of `trees` is in it"),
        ("[trees]", "[treees]", "should have commit, files, name, trees, url"),
        ("7" * 64, "7" * 63, "filler: not a sha256"),
        ("size = 8", 'size = "8"', "filler: not a size"),
        ("some_lib-1.0", "other-1.0", "filler: `other-1.0-py3-none-any.whl` is not a file of"),
    ],
)
def test_a_damaged_lock_is_refused_with_the_place(old: str, new: str, said: str) -> None:
    assert old in TEXT
    assert said in problems(TEXT.replace(old, new))


def test_all_problems_are_told_at_once() -> None:
    found = problems(TEXT.replace("c" * 40, "main").replace("3" * 40, "x"))
    assert "commit:" in found
    assert "files.LICENSE:" in found


@given(st.text())
def test_no_text_makes_it_fall_over(text: str) -> None:
    with pytest.raises(AirgapError):
        parse(text, "source.lock")
