"""Programs beside the page get vectors from the model that it has loaded."""

import json
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

from agentfabric_offline.embedding_socket import NAME, answer_on


def lengths(texts: Sequence[str]) -> list[list[float]]:
    if "" in texts:
        raise RuntimeError("an empty text\nand more")
    return [[float(len(text)), 0.5] for text in texts]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # As the page does; the folders of tests can be too deep for a socket's name.
    monkeypatch.chdir(tmp_path)
    answer_on(tmp_path / NAME, lengths)
    return tmp_path / NAME


def ask(path: Path, request: bytes) -> Any:
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(60)
        end.connect(os.path.relpath(path))
        end.sendall(request)
        end.shutdown(socket.SHUT_WR)
        with end.makefile("rb") as answer:
            return json.loads(answer.read())


def test_each_text_has_its_vector(path: Path) -> None:
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert ask(path, json.dumps(["春天", "abc"]).encode()) == {"vectors": [[2.0, 0.5], [3.0, 0.5]]}
    assert ask(path, b'["again"]') == {"vectors": [[5.0, 0.5]]}


def test_a_failure_of_the_model_is_told_in_a_line(path: Path) -> None:
    assert ask(path, b'[""]') == {"error": "an empty text"}


@pytest.mark.parametrize("request_", [b"", b"no JSON", b"7"])
def test_what_is_no_request_is_told_and_ends_nothing(path: Path, request_: bytes) -> None:
    assert ask(path, request_)["error"]
    assert ask(path, b'["abc"]') == {"vectors": [[3.0, 0.5]]}


def test_who_stops_waiting_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, gone = Event(), Event()

    def slow(texts: Sequence[str]) -> list[list[float]]:
        asked.set()
        gone.wait(60)
        return lengths(texts)

    monkeypatch.chdir(tmp_path)
    answer_on(tmp_path / NAME, slow)
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(NAME)
        end.sendall(b'["abc"]')
        end.shutdown(socket.SHUT_WR)
        assert asked.wait(60)
        answering = [each for each in enumerate_threads() if "process_request" in each.name]
    gone.set()
    for thread in answering:
        thread.join(60)
    assert answering
    assert "Traceback" not in capsys.readouterr().err
