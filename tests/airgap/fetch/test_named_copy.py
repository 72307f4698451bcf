from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch.named_copy import how_to_name, named_copy

VARIABLE = "AIRGAP_MODEL_MINE"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    path = tmp_path / "airgap" / "config.toml"
    path.parent.mkdir()
    return path


def test_nothing_is_named_where_there_are_no_settings(settings: Path) -> None:
    assert named_copy("models", "mine", VARIABLE) is None


def test_each_kind_has_a_table_of_its_own(settings: Path) -> None:
    settings.write_text('[models]\nmine = "/a"\n[sources]\nmine = "/b"\n')
    assert named_copy("models", "mine", VARIABLE) == Path("/a")
    assert named_copy("sources", "mine", VARIABLE) == Path("/b")
    assert named_copy("models", "other", VARIABLE) is None


def test_the_environment_comes_first(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.write_text('[models]\nmine = "/a"\n')
    monkeypatch.setenv(VARIABLE, "/c")
    assert named_copy("models", "mine", VARIABLE) == Path("/c")


def test_a_relative_path_is_refused(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "here/model")
    with pytest.raises(AirgapError, match="reading where the model mine is, in") as raised:
        named_copy("models", "mine", VARIABLE)
    assert raised.value.expected == "an absolute path of a folder"


@pytest.mark.parametrize("text", ["[models", 'models = "x"', "[models]\nmine = 1"])
def test_settings_that_make_no_sense_are_refused(settings: Path, text: str) -> None:
    settings.write_text(text)
    with pytest.raises(AirgapError, match=r"a table \[models\] with lines such as mine ="):
        named_copy("models", "mine", VARIABLE)


def test_the_way_to_name_it_names_both_places() -> None:
    told = how_to_name("models", "mine", VARIABLE)
    assert "AIRGAP_MODEL_MINE=/path" in told and 'mine = "/path" below [models]' in told
