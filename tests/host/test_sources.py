"""The program's own text: each function once, and each message there in both languages."""

import re

import pytest

from tests.host.bundle import HOST

PIECES = [HOST / "airgap", HOST / "airgap-parts", *sorted((HOST / "lib").glob("*.sh"))]
ENTRY = re.compile(r"^    (\w+)\)\s+en='(.*?)'\s+zh='(.*?)'\s+;;$", re.MULTILINE | re.DOTALL)
TABLES = sorted((HOST / "lib").glob("messages*.sh"))
MESSAGES = {
    key: (english, chinese)
    for table in TABLES
    for key, english, chinese in ENTRY.findall(table.read_text())
}
COMMENT = re.compile(r"(^|\s)#.*")
CALL = re.compile(r"\b(?:say|text|fail|misused|progress) ([a-z]\w+)")
# Of a message whose name is put together, the beginning.
BUILT = re.compile(r'\b(?:say|text) "([a-z]\w+)\$')


def test_no_two_functions_have_one_name() -> None:
    """Both programs load most of these files, and of two functions only the last would be there."""
    names = [
        name
        for piece in PIECES
        if piece.suffix == ".sh"
        for name in re.findall(r"^(\w+)\(\)", piece.read_text(), re.MULTILINE)
    ]
    assert sorted(names) == sorted(set(names))


def test_every_message_is_in_the_table_and_used() -> None:
    code = [COMMENT.sub("", piece.read_text()) for piece in PIECES if piece not in TABLES]
    used = {key for text in code for key in CALL.findall(text)}
    beginnings = tuple(beginning for text in code for beginning in BUILT.findall(text))
    built = {key for key in MESSAGES if key.startswith(beginnings)}
    assert used - built == set(MESSAGES) - built


@pytest.mark.parametrize("key", MESSAGES)
def test_both_languages_fill_in_the_same(key: str) -> None:
    english, chinese = (re.findall("%.", text) for text in MESSAGES[key])
    assert english == chinese
    assert set(english) <= {"%s", "%%"}


@pytest.mark.parametrize("key", [key for key in MESSAGES if key.startswith("e_")])
def test_every_error_says_what_to_do(key: str) -> None:
    english, chinese = MESSAGES[key]
    assert "\n  to do: " in english
    assert "\n  处理：" in chinese
