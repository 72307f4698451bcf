"""The report for those who help from afar: what they need, and no key, password or chat."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.host.bundle import Bundle, configure

LOG = """\
2026-11-22 12:00:00.123 - modelscope-agent - INFO -  | message: what the visitor said 1 | uuid: x
what the visitor said 2
2026-11-22 12:00:01,123 INFO the page is served on http://0.0.0.0:7860
2026-11-22 12:00:02,123 WARNING a login as 'a password typed as name' from 10.0.0.9 was refused
Traceback (most recent call last):
  File "/opt/app/builder.py", line 3, in answer
    raise ValueError(text)
ValueError: what the visitor said 3
  what the visitor said 4
"""
SERVER_LOG = """\
INFO 11-22 12:00:03 [logger.py:39] Received request 7: prompt: 'what the visitor said 5'
INFO 11-22 12:00:04 [api_server.py:1] Starting vLLM with --api-key planted-argument
"""
SECRETS = {
    "key": "a-key-of-the-intranet",
    "password": "open sesame",
    "argument": "planted-argument",
    "comment": "planted-comment",
    "proxy": "planted-proxy",
}


def read(file: Path) -> dict[str, str]:
    with tarfile.open(file) as tar:
        read = {}
        for member in tar:
            if content := tar.extractfile(member):
                read[member.name.partition("/")[2]] = content.read().decode()
        return read


@pytest.fixture
def configured(builder: Bundle, tmp_path: Path) -> Bundle:
    """A bundle that is up, with secrets wherever an operator may have put one."""
    key = tmp_path / "key"
    key.write_text(SECRETS["key"] + "\n")
    (builder.root / "airgap.conf").write_text(
        f"# the old key was {SECRETS['comment']}\n"
        f"SERVER_KEY_FILE={key}\n"
        f"SERVER_ARGS='--seed 7 --api-key {SECRETS['argument']}' # {SECRETS['comment']}\n"
    )
    assert builder.run("up").returncode == 0
    configure(builder)
    passwords = builder.state / "passwords"
    passwords.write_text(passwords.read_text() + f"alice:{SECRETS['password']}\n")
    planted = f"{SECRETS['key']} http://me:{SECRETS['proxy']}@proxy:3128 {SECRETS['password']}\n"
    log = f"{LOG}INFO:     {planted}{planted}"
    builder.docker_says("logs-airgap-demo-agentfabric", log)
    builder.docker_says("logs-airgap-demo-server", SERVER_LOG + planted)
    return builder


def test_a_report_has_what_helps_and_nothing_secret(configured: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "报告 of today.tar.gz"
    done = configured.run("report", str(file))
    assert done.returncode == 0, done.stderr
    found = read(file)
    assert set(found) >= {
        *("README.txt", "settings.txt", "check.json", "status.txt", "host.txt", "docker.txt"),
        *("state.txt", "logs/server.txt", "logs/agentfabric.txt"),
    }
    assert "SERVER_ARGS='--seed 7 --api-key (left out)" in found["settings.txt"]
    assert "BUNDLE='demo'" in found["settings.txt"]
    assert json.loads(found["check.json"])
    assert "the model server answers" in found["status.txt"]
    assert "MemTotal" in found["host.txt"]
    assert "20.10.24" in found["docker.txt"]
    log = found["logs/agentfabric.txt"]
    for line in (
        "INFO the page is served on http://0.0.0.0:7860",
        '  File "/opt/app/builder.py", line 3, in answer',
        "ValueError: (left out)",
        "a login from 10.0.0.9 was refused",
    ):
        assert line in log
    assert "Starting vLLM" in found["logs/server.txt"]
    password = (configured.state / "first-password").read_text().strip()
    whole = "\n".join(found.values())
    for secret in (*SECRETS.values(), password, "what the visitor said", "typed as name"):
        assert secret not in whole, secret
    assert "scrypt$" not in whole


def test_a_report_can_be_made_where_docker_is_down_or_the_state_is_gone(
    bundle: Bundle, tmp_path: Path
) -> None:
    bundle.docker_says("version-error", "Cannot connect to the Docker daemon")
    done = bundle.run("report", str(tmp_path / "report.tar.gz"))
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "report.tar.gz")
    assert "Cannot connect to the Docker daemon" in found["docker.txt"]
    assert "Cannot connect to the Docker daemon" in found["status.txt"]


def test_a_report_overwrites_nothing(bundle: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "report.tar.gz"
    file.write_text("an older one")
    assert "is there already" in bundle.fails("report", str(file))
    assert bundle.run("report", "-").returncode == 2
    assert bundle.run("report", "a", "b").returncode == 2
    assert file.read_text() == "an older one"
