"""Settings come from bundle.conf, airgap.conf and the environment, and a wrong one is said."""

import subprocess
from pathlib import Path

import pytest

from tests.host.bundle import HOST, Bundle, server_environ

READ = """
for part in messages messages_settings report settings; do . "$0/lib/$part.sh"; done
read_settings "$1" LLM_NAME
printf %s "$LLM_NAME"
"""


def test_later_sources_win(bundle: Bundle) -> None:
    conf = bundle.root / "airgap.conf"
    assert bundle.run("up").returncode == 0
    assert server_environ(bundle)["MAX_MODEL_LEN"] == "8192"
    conf.write_text("MAX_MODEL_LEN=4096\n")
    assert bundle.run("up").returncode == 0
    assert server_environ(bundle)["MAX_MODEL_LEN"] == "4096"
    assert bundle.run("up", AIRGAP_MAX_MODEL_LEN="2048").returncode == 0
    assert server_environ(bundle)["MAX_MODEL_LEN"] == "2048"
    assert bundle.run("up", AIRGAP_MAX_MODEL_LEN="").returncode == 0
    assert "MAX_MODEL_LEN" not in server_environ(bundle)


def test_a_size_in_small_letters_reaches_the_server_in_large_ones(bundle: Bundle) -> None:
    assert bundle.run("up", AIRGAP_KV_CACHE_MEMORY="512m").returncode == 0
    assert server_environ(bundle)["KV_CACHE_MEMORY"] == "512M"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("LLM_NAME=plain", "plain"),
        ("  LLM_NAME=indented  ", "indented"),
        ("LLM_NAME=two words # a comment", "two words"),
        ("LLM_NAME=a#b", "a#b"),
        ("LLM_NAME='single \"quotes\" # inside'  # comment", 'single "quotes" # inside'),
        ("LLM_NAME=\"double 'quotes'\"", "double 'quotes'"),
        ("LLM_NAME=模型", "模型"),
        ("LLM_NAME=a=b", "a=b"),
        ("LLM_NAME='back\\slash \\n'", "back\\slash \\n"),
        ("LLM_NAME='$(touch executed) `touch executed` $HOME'", None),
        ("LLM_NAME=$(touch executed);touch executed", None),
        ("\ufeffLLM_NAME=marked", "marked"),
        ("# only\n\n\t\nLLM_NAME=after blank lines", "after blank lines"),
    ],
)
def test_forms_of_a_value(bundle: Bundle, tmp_path: Path, written: str, value: str | None) -> None:
    for end in ("", "\n", "\r\n"):
        (tmp_path / "airgap.conf").write_bytes((written + end).encode())
        done = subprocess.run(
            [*bundle.shell, "-c", READ, HOST, "airgap.conf"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        literal = written.partition("=")[2].strip("'")
        assert (done.stdout, done.stderr) == (literal if value is None else value, "")
        assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("SERVER_PROT=8000", "unknown setting SERVER_PROT"),
        ("IMAGE=other", "unknown setting IMAGE"),
        ("SERVER_PORT AGENT_PORT=1", "found: SERVER_PORT AGENT_PORT=1"),
        ("export SERVER_PORT=1", "found: export SERVER_PORT=1"),
        ("SERVER_PORT", "found: SERVER_PORT"),
        ("=8000", "found: =8000"),
        ("LLM_NAME='open", "quotes do not match"),
        ("LLM_NAME='a' b", "quotes do not match"),
    ],
)
def test_a_malformed_line_is_said_with_its_number(
    bundle: Bundle, line: str, complaint: str
) -> None:
    (bundle.root / "airgap.conf").write_text(f"# first\nDOCKER=docker\n{line}\n")
    stderr = bundle.fails("status")
    assert "airgap.conf, line 3: " in stderr
    assert complaint in stderr
    assert bundle.calls() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SERVER_PORT", "0"),
        ("SERVER_PORT", "65536"),
        ("AGENT_PORT", "http"),
        ("AGENT_PORT", "7865 "),
        ("SERVER_LISTEN", "localhost"),
        ("AGENT_LISTEN", "1.2.3"),
        ("AGENT_LISTEN", "1.2.3.256"),
        ("SERVER_MEMORY", "8 GB"),
        ("SERVER_SHM", "-1"),
        ("AGENT_MEMORY", "much"),
        ("MAX_MODEL_LEN", "8k"),
        ("KV_CACHE_MEMORY", "half"),
        ("START_TIMEOUT", "soon"),
        ("DOCKER", ""),
    ],
)
def test_a_value_out_of_form_names_its_key(bundle: Bundle, key: str, value: str) -> None:
    assert f'{key} is "{value}"' in bundle.fails("up", **{f"AIRGAP_{key}": value})
    assert bundle.calls() == []


def test_one_port_for_both_services(bundle: Bundle) -> None:
    stderr = bundle.fails("up", AIRGAP_SERVER_PORT="8000", AIRGAP_AGENT_PORT="8000")
    assert "SERVER_PORT and AGENT_PORT are both 8000" in stderr


def test_opening_the_server_requires_a_key(bundle: Bundle, tmp_path: Path) -> None:
    assert "SERVER_KEY_FILE" in bundle.fails("up", AIRGAP_SERVER_LISTEN="0.0.0.0")
    key = tmp_path / "key"
    for content in (None, ""):
        if content is not None:
            key.write_text(content)
        stderr = bundle.fails("up", AIRGAP_SERVER_LISTEN="0.0.0.0", AIRGAP_SERVER_KEY_FILE=str(key))
        assert f"{key}, which is not there or empty" in stderr
    assert bundle.calls() == []


def test_settings_from_another_file(bundle: Bundle, tmp_path: Path) -> None:
    conf = tmp_path / "other.conf"
    assert "which is not there" in bundle.fails("up", AIRGAP_CONF=str(conf))
    conf.write_text("LLM_NAME=other\n")
    assert bundle.run("up", AIRGAP_CONF=str(conf)).returncode == 0
    assert server_environ(bundle)["MODEL_NAME"] == "other"


def test_not_inside_a_bundle(bundle: Bundle) -> None:
    (bundle.root / "bundle.conf").unlink()
    assert "holds no readable bundle.conf" in bundle.fails("up")


def test_a_bundle_conf_that_lacks_a_key(bundle: Bundle) -> None:
    conf = bundle.root / "bundle.conf"
    conf.write_text(conf.read_text().replace("IMAGE_ID=", "# "))
    assert "IMAGE_ID is missing or malformed" in bundle.fails("up")


def test_the_example_lists_every_setting_and_no_other(bundle: Bundle) -> None:
    example = (HOST / "airgap.conf.example").read_text()
    listed = {line[1:].partition("=")[0] for line in example.splitlines() if line[1:2].isupper()}
    source = (HOST / "lib" / "settings.sh").read_text()
    lines = [line for line in source.splitlines() if line.startswith("SETTING_KEYS=")]
    known = {word for line in lines for word in line.partition("=")[2].strip("\"'").split()}
    assert listed == known - {"$SETTING_KEYS"}
    uncommented = [line[1:] if line[1:2].isupper() else line for line in example.splitlines()]
    conf = "\n".join(line for line in uncommented if not line.startswith("DOCKER"))
    (bundle.root / "airgap.conf").write_text(conf)
    assert bundle.run("up").returncode == 0
