"""The environment is read whole, and each mistake is named with what to do."""

from pathlib import Path

import pytest

from agent_runner import settings
from agent_runner.errors import StartError
from tests.host.certificates import make_certificate


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    for name in ("agent", "embedding"):
        (tmp_path / name).mkdir()
    return {
        "AGENT_DIR": str(tmp_path / "agent"),
        "EMBEDDING_DIR": str(tmp_path / "embedding"),
        "STATE_DIR": str(tmp_path / "state"),
        "LLM_URL": "http://server:8000/v1/",
        "LLM_MODEL": "smollm2",
    }


def test_defaults_listen_on_loopback_only(environ: dict[str, str]) -> None:
    read = settings.read(environ)
    assert (read.host, read.port, read.llm_api_key) == ("127.0.0.1", 7865, "EMPTY")
    assert read.llm_url == "http://server:8000/v1"


def test_everybody_may_see_the_page_unless_a_password_file_is_named(
    environ: dict[str, str], tmp_path: Path
) -> None:
    assert settings.read(environ | {"PASSWORD_FILE": ""}).password_file is None
    path = tmp_path / "passwords"
    assert settings.read(environ | {"PASSWORD_FILE": str(path)}).password_file == path


def test_key_comes_from_a_file(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    assert settings.read(environ | {"LLM_API_KEY_FILE": str(tmp_path / "key")}).llm_api_key == (
        "s3cret"
    )


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("AGENT_DIR", "", "is not set"),
        ("AGENT_DIR", "/nowhere/agent", "no folder"),
        ("EMBEDDING_DIR", "/nowhere/model", "no folder"),
        ("STATE_DIR", " ", "is not set"),
        ("LLM_URL", "http://server:8000", "http://server:8000`"),
        ("LLM_URL", "file:///v1", "file:///v1"),
        ("LLM_MODEL", "", "is not set"),
        ("PORT", "0", "is `0`"),
        ("PORT", "65536", "is `65536`"),
        ("PORT", "٣", "is `٣`"),
        ("PORT", "80x", "is `80x`"),
        ("LLM_API_KEY_FILE", "/nowhere/key", "cannot be read"),
    ],
)
def test_a_mistake_is_named(environ: dict[str, str], name: str, value: str, found: str) -> None:
    with pytest.raises(StartError) as caught:
        settings.read(environ | {name: value})
    assert f"`{name}`" in str(caught.value)
    assert found in str(caught.value)


def test_a_certificate_and_its_key_make_it_https(environ: dict[str, str], tmp_path: Path) -> None:
    assert settings.read(environ | {"TLS_CERT": "", "TLS_KEY": ""}).tls is None
    made = make_certificate(tmp_path / "made")
    names = {"TLS_CERT": str(made.certificate), "TLS_KEY": str(made.key)}
    assert settings.read(environ | names).tls == (made.certificate, made.key)


def test_a_certificate_that_cannot_be_used_is_named(
    environ: dict[str, str], tmp_path: Path
) -> None:
    made = make_certificate(tmp_path / "made")
    locked = make_certificate(tmp_path / "locked", password=b"sesame")
    for key in (tmp_path / "gone.pem", made.certificate, locked.key):
        names = {"TLS_CERT": str(made.certificate), "TLS_KEY": str(key)}
        with pytest.raises(StartError, match="`TLS_CERT`") as caught:
            settings.read(environ | names)
        assert str(key) in str(caught.value)
    with pytest.raises(StartError, match="`TLS_KEY` is not set"):
        settings.read(environ | {"TLS_CERT": str(made.certificate)})


@pytest.mark.parametrize("text", ["", "two words\n", "one\ntwo\n"])
def test_a_key_file_holds_one_key(environ: dict[str, str], tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(StartError, match="one key") as caught:
        settings.read(environ | {"LLM_API_KEY_FILE": str(tmp_path / "key")})
    assert "two words" not in str(caught.value), "a key must not reach a log"
