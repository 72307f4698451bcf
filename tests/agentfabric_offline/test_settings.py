"""Options and environment are read whole, and each mistake is named with what to do."""

from pathlib import Path

import pytest

from agentfabric_offline.errors import Problem, WrongSetting
from agentfabric_offline.settings import check_state, read_settings
from tests.host.certificates import make_certificate


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "embedding").mkdir()
    for file in ("apps/agentfabric/app.py", "modelscope_agent/__init__.py"):
        (tmp_path / "source" / file).parent.mkdir(parents=True)
        (tmp_path / "source" / file).touch()
    return {
        "EMBEDDING_DIR": str(tmp_path / "embedding"),
        "STATE_DIR": str(tmp_path / "state"),
        "SOURCE_DIR": str(tmp_path / "source"),
    }


def test_defaults_are_those_of_the_guide(environ: dict[str, str], tmp_path: Path) -> None:
    read = read_settings(["app"], environ)
    assert (read.host, read.port, read.llm_url) == ("127.0.0.1", 7860, "http://127.0.0.1:8000/v1")
    assert (read.llm_model, read.llm_api_key) == ("", "EMPTY")
    assert read.code_interpreter_dir == tmp_path / "state" / "code_interpreter"
    assert read_settings(["bot"], environ).port == 7865


def test_an_option_wins_over_the_environment(environ: dict[str, str]) -> None:
    read = read_settings(["app", "--llm-model", "mine"], environ | {"LLM_MODEL": "theirs"})
    assert read.llm_model == "mine"


def test_an_empty_variable_is_none(environ: dict[str, str]) -> None:
    empty = dict.fromkeys(("HOST", "PORT", "LLM_URL", "LLM_API_KEY_FILE"), "")
    assert read_settings(["app"], environ | empty) == read_settings(["app"], environ)


def test_everybody_may_see_the_page_only_where_that_is_said(
    environ: dict[str, str], tmp_path: Path
) -> None:
    assert read_settings(["app"], environ).password_file == tmp_path / "state" / "passwords"
    assert read_settings(["app"], environ | {"PASSWORD_FILE": ""}).password_file is None
    assert read_settings(["app", "--password-file", ""], environ).password_file is None


def test_the_key_comes_from_a_file_or_the_environment(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    with_key = environ | {"LLM_API_KEY": "other"}
    assert read_settings(["app"], with_key).llm_api_key == "other"
    with_file = with_key | {"LLM_API_KEY_FILE": str(tmp_path / "key")}
    assert read_settings(["app"], with_file).llm_api_key == "s3cret"


def test_a_certificate_and_its_key_make_it_https(environ: dict[str, str], tmp_path: Path) -> None:
    assert read_settings(["app"], environ).tls is None
    made = make_certificate(tmp_path / "made")
    names = {"TLS_CERT": str(made.certificate), "TLS_KEY": str(made.key)}
    assert read_settings(["app"], environ | names).tls == (made.certificate, made.key)
    given = ["app", "--tls-cert", str(made.certificate), "--tls-key", str(made.key)]
    assert read_settings(given, environ).tls == (made.certificate, made.key)


def test_a_certificate_that_cannot_be_used_is_told_before_anything_is_loaded(
    environ: dict[str, str], tmp_path: Path
) -> None:
    made = make_certificate(tmp_path / "made")
    locked = make_certificate(tmp_path / "locked", password=b"sesame")
    for key in (tmp_path / "gone.pem", made.certificate, locked.key):
        names = {"TLS_CERT": str(made.certificate), "TLS_KEY": str(key)}
        with pytest.raises(WrongSetting) as caught:
            read_settings(["app"], environ | names)
        assert str(key) in caught.value.text("en") and "TLS_KEY" in caught.value.text("zh")
    for name in ("TLS_CERT", "TLS_KEY"):
        other = {"TLS_CERT": "TLS_KEY", "TLS_KEY": "TLS_CERT"}[name]
        with pytest.raises(WrongSetting, match=f"`{other}` is not set"):
            read_settings(["app"], environ | {name: str(made.certificate)})


@pytest.mark.parametrize("text", ["", "two words\n"])
def test_a_key_file_holds_one_key_and_is_not_shown(
    environ: dict[str, str], tmp_path: Path, text: str
) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(WrongSetting) as caught:
        read_settings(["app"], environ | {"LLM_API_KEY_FILE": str(tmp_path / "key")})
    assert str(tmp_path / "key") in str(caught.value)
    assert "two words" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMBEDDING_DIR", ""),
        ("EMBEDDING_DIR", "/nowhere/model"),
        ("STATE_DIR", " "),
        ("LLM_URL", "http://server:8000"),
        ("LLM_URL", "file:///v1"),
        ("LLM_URL", "http://:8000/v1"),
        ("LLM_URL", "http://server:99999/v1"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "٣"),
        ("LLM_API_KEY_FILE", "/nowhere/key"),
        ("SOURCE_DIR", "/nowhere/source"),
    ],
)
def test_a_mistake_is_named_in_both_languages(
    environ: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(WrongSetting) as caught:
        read_settings(["app"], environ | {name: value})
    for language in ("en", "zh"):
        assert name in caught.value.text(language)
        assert value.strip() in caught.value.text(language)
        assert "None" not in caught.value.text(language)


def test_a_page_that_is_none_is_refused(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_settings(["shop"], environ)
    assert caught.value.code == 2
    assert "shop" in capsys.readouterr().err


def test_help_names_each_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_settings(["--help"], {})
    text = capsys.readouterr().out
    for name in ("LLM_URL", "LLM_MODEL", "EMBEDDING_DIR", "STATE_DIR", "PASSWORD_FILE", "TLS_KEY"):
        assert name in text


def test_the_state_folder_is_made_and_nothing_left_in_it(tmp_path: Path) -> None:
    check_state(tmp_path / "deep" / "state")
    assert list((tmp_path / "deep" / "state").iterdir()) == []


def test_a_state_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem) as caught:
        check_state(tmp_path / "file" / "state")
    assert f"`{tmp_path}/file/state`" in str(caught.value)
