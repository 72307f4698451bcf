"""A text is there in both languages, with the same blanks to fill."""

from string import Formatter

import pytest

from agentfabric_offline.texts import PAGE, PROBLEMS, WANTED


@pytest.mark.parametrize("texts", [PAGE, PROBLEMS, WANTED])
def test_both_languages_have_the_same_blanks(texts: dict[str, dict[str, str]]) -> None:
    def blanks(language: str) -> dict[str, set[str | None]]:
        return {
            key: {field for _, field, _, _ in Formatter().parse(text)} - {None}
            for key, text in texts[language].items()
        }

    assert blanks("en") == blanks("zh")
