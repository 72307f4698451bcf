"""The report for those who help from afar: what they need, and no key, password or chat."""

import json
import os
import tarfile
from dataclasses import replace
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
2026-11-22 12:00:03,123 WARNING no answer: 400 {'input': 'what the visitor said 10'}
2026-11-22 12:00:03,123 WARNING Retrying: what the visitor said 11
2026-11-22 12:00:03,124 WARNING POST /run/what the visitor said 12 sent by another page was refused
  File "<unknown>", line 1
    what the visitor said 13
INFO:     what the visitor said 14
{'content': 'what the visitor said 15'}
"""
SERVER_LOG = """\
INFO 11-22 12:00:03 [logger.py:39] Received request 7: prompt: 'what the visitor said 5'
INFO 11-22 12:00:04 [api_server.py:1] Starting vLLM with --api-key planted-argument
INFO 11-22 12:00:05 [logger.py:40] {'content': 'what the visitor said 6'}
INFO 11-22 12:00:05 [chat.py:9] 'messages': [
  what the visitor said 7
{"role": "user", "content": "what the visitor said 20"}
pydantic_core.ValidationError: 1 error [input_value={'content': 'what the visitor said 21'}]
(APIServer pid=1) ERROR 11-22 12:00:06 [serving.py:8] Traceback (most recent call last):
(APIServer pid=1) ERROR 11-22 12:00:06 [serving.py:8]   File "/opt/vllm/serving.py", line 3, in chat
(APIServer pid=1) ERROR 11-22 12:00:06 [serving.py:8]     raise ValueError(text)
(APIServer pid=1) ERROR 11-22 12:00:06 [serving.py:8] ValueError: what the visitor said 8
(EngineCore pid=2) ERROR 11-22 12:00:06 [core.py:1] torch.OutOfMemoryError: CUDA out of memory.
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.
(APIServer pid=1) INFO 11-22 12:00:07 [loggers.py:271] Engine 000: Avg prompt throughput: 8 tokens/s
(APIServer pid=1) ERROR 11-22 12:00:07 [launcher.py:7] what the visitor said 22
INFO 11-22 12:00:07 [v1/metrics/loggers.py:271] Engine 001: Running: 1 reqs
(APIServer pid=1) INFO:     10.0.0.9:4711 - "POST /v1/tokenize?q=what-was-said HTTP/1.1" 200 OK
INFO:     10.0.0.9:4711 - "GET /v1/models HTTP/1.1" 200 OK
INFO:     Application startup complete.
what the visitor said 9
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
    log = f"{LOG}agentfabric: {planted}{planted}"
    builder.docker_says("logs-airgap-demo-agentfabric", log)
    kept = "INFO 11-22 12:00:08 [launcher.py:1] "
    builder.docker_says("logs-airgap-demo-server", SERVER_LOG + planted + kept + planted)
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
    for line in (
        "[logger.py:39] (left out)",
        "Starting vLLM",
        '[serving.py:8]   File "/opt/vllm/serving.py", line 3, in chat',
        "[serving.py:8]     raise ValueError(text)",
        "[serving.py:8] ValueError: (left out)",
        "[core.py:1] torch.OutOfMemoryError: CUDA out of memory.",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.",
        "pydantic_core.ValidationError: (left out)",
        "Avg prompt throughput: 8 tokens/s",
        "Engine 001: Running: 1 reqs",
        '"POST /v1/tokenize(left out) HTTP/1.1" 200 OK',
        '"GET /v1/models HTTP/1.1" 200 OK',
        "Application startup complete.",
    ):
        assert line in found["logs/server.txt"]
    password = (configured.state / "first-password").read_text().strip()
    whole = "\n".join(found.values())
    said = ("what the visitor said", "what-was-said", "typed as name")
    for secret in (*SECRETS.values(), password, *said):
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


@pytest.mark.parametrize("hanging", ["*", "version", "inspect", "logs"])
def test_a_report_can_be_made_where_docker_hangs(
    configured: Bundle, tmp_path: Path, hanging: str
) -> None:
    client = configured.docker / "docker"
    real = client.read_text().removeprefix("#!/bin/sh\n")
    # No exec: what a client that is ended has started holds its output open.
    client.write_text(f"#!/bin/sh\ncase $1 in\n{hanging}) sleep 20 ;;\nesac\n{real}")
    done = configured.run("report", str(tmp_path / "report.tar.gz"), AIRGAP_PATIENCE="1")
    assert done.returncode == 0, done.stderr
    assert "MemTotal" in read(tmp_path / "report.tar.gz")["host.txt"]


def test_a_password_that_is_a_part_of_the_mark_is_left_out_too(
    bundle: Bundle, tmp_path: Path
) -> None:
    bundle.state.mkdir()
    (bundle.state / "passwords").write_text("alice:left\n")
    (bundle.root / "airgap.conf").write_text("SERVER_ARGS='--served-model-name left-or-left'\n")
    done = bundle.run("report", str(tmp_path / "report.tar.gz"))
    assert done.returncode == 0, done.stderr
    settings = read(tmp_path / "report.tar.gz")["settings.txt"]
    assert "--served-model-name (left out)-or-(left out)'" in settings


def closed(bundle: Bundle) -> Bundle:
    """That bundle used by somebody who may not read the passwords."""
    (bundle.state / "passwords").chmod(0)
    if os.geteuid() != 0:
        return bundle
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    return replace(bundle, shell=[*drop, *bundle.shell])


def test_passwords_of_another_user_are_read_in_a_container(
    configured: Bundle, tmp_path: Path
) -> None:
    configured.docker_says("program", f"alice:{SECRETS['password']}\n")
    done = closed(configured).run("report", str(tmp_path / "report.tar.gz"))
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "report.tar.gz")
    assert "the page is served" in found["logs/agentfabric.txt"]
    assert SECRETS["password"] not in "\n".join(found.values())


def test_no_log_goes_along_where_a_secret_cannot_be_read(
    configured: Bundle, tmp_path: Path
) -> None:
    client = configured.docker / "docker"
    client.write_text(
        client.read_text().replace("\n", '\ncase "$*" in *airgap/secret*) exit 1 ;; esac\n', 1)
    )
    done = closed(configured).run("report", str(tmp_path / "report.tar.gz"))
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "report.tar.gz")
    for said in (done.stdout, found["README.txt"]):
        assert f"{configured.state / 'passwords'} could not be read" in said
    assert not [name for name in found if name.startswith("logs/")]
    assert SECRETS["password"] not in "\n".join(found.values())


def test_a_report_overwrites_nothing(bundle: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "report.tar.gz"
    file.write_text("an older one")
    assert "is there already" in bundle.fails("report", str(file))
    assert bundle.run("report", "-").returncode == 2
    assert bundle.run("report", "a", "b").returncode == 2
    assert file.read_text() == "an older one"
