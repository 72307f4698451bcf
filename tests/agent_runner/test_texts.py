"""A text is there in both languages, with the same blanks to fill."""

from string import Formatter

import pytest

from agent_runner.texts import PAGE, PROBLEMS, language_of


@pytest.mark.parametrize("texts", [PAGE, PROBLEMS])
def test_both_languages_have_the_same_blanks(texts: dict[str, dict[str, str]]) -> None:
    def blanks(language: str) -> dict[str, set[str | None]]:
        return {
            key: {field for _, field, _, _ in Formatter().parse(text)} - {None}
            for key, text in texts[language].items()
        }

    assert blanks("en") == blanks("zh")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr-FR, zh-Hans;q=0.5", "zh"),
        ("de", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_language_of_the_browser(header: str, language: str) -> None:
    assert language_of(header) == language
