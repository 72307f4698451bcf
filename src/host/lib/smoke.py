"""Run in a service's container: does one thing that users do there, and prints what was seen.

Usage: smoke.py STEP SECONDS. A line for each value:
  models     the names that the server must serve, and the context in tokens (or nothing)
  chat       tokens of the answer to the original guide's request, seconds, tokens a second, and how
             the answer begins
  stream     the same as a stream: seconds until the first token, tokens a second from then on
  embedding  how many numbers are a vector of the model that AgentFabric has loaded, and seconds
Ends with 1 where that fails; what is printed then is the kind of failure, and its values.
SECONDS is the most that an answer may take.

Environment: MODEL_NAME, MODEL_ALIASES, PORT, API_KEY_FILE (optional), as the server has them.
"""

import glob
import json
import math
import os
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any

PROMPT = "写一篇春天为主题的作文"
SHOWN = 30  # characters of the answer


class Failure(Exception):
    """A kind of failure, as lib/messages_smoke.sh knows it, and its values."""


def connect(path: str, body: dict[str, Any] | None, seconds: float) -> HTTPResponse:
    headers = {"Content-Type": "application/json"}
    key_file = os.environ.get("API_KEY_FILE")
    if key_file:
        with open(key_file, encoding="utf-8") as file:
            headers["Authorization"] = "Bearer " + file.read().strip()
    address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/v1/{path}"
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    answer: HTTPResponse = opener.open(
        urllib.request.Request(address, data, headers), None, seconds
    )
    return answer


def guides_request() -> dict[str, Any]:
    """The original guide's, but for the model's name: its curl gives stop texts, no ids."""
    return {
        "model": os.environ["MODEL_NAME"],
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": PROMPT},
        ],
        "stop": ["<|im_end|>", "<|endoftext|>"],
    }


def models(seconds: float) -> list[str]:
    with connect("models", None, seconds) as answer:
        served = {model["id"]: model for model in json.load(answer)["data"]}
    name = os.environ["MODEL_NAME"]
    wanted = dict.fromkeys([name, *os.environ.get("MODEL_ALIASES", "").split()])
    for each in wanted:
        if each not in served:
            raise Failure("absent", each, ", ".join(served))
    return [", ".join(wanted), str(served[name].get("max_model_len") or "")]


def chat(seconds: float) -> list[str]:
    begun = time.monotonic()
    with connect("chat/completions", guides_request(), seconds) as response:
        answer = json.load(response)
    took = time.monotonic() - begun
    content = " ".join((answer["choices"][0]["message"]["content"] or "").split())
    if not content:
        raise Failure("empty")
    tokens = answer["usage"]["completion_tokens"]
    start = "".join(filter(str.isprintable, content))[:SHOWN]
    return [str(tokens), f"{took:.1f}", rate(tokens, took), start]


def events(response: HTTPResponse) -> Iterator[dict[str, Any]]:
    """The events are server-sent ones, "data: {…}" a line, ended by "data: [DONE]"."""
    for line in response:
        if line.strip() == b"data: [DONE]":
            return
        if line.startswith(b"data: "):
            event = json.loads(line[len(b"data: ") :])
            if "error" in event:
                raise Failure("refused", str(event["error"]))
            yield event
    raise Failure("cut")


def stream(seconds: float) -> list[str]:
    body = {**guides_request(), "stream": True, "stream_options": {"include_usage": True}}
    begun = time.monotonic()
    first = last = 0.0
    tokens = pieces = 0
    with connect("chat/completions", body, seconds) as response:
        for event in events(response):
            tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
            for choice in event["choices"]:
                if choice["delta"].get("content"):
                    last = time.monotonic()
                    first = first or last
                    pieces += 1
            if time.monotonic() - begun > seconds:
                raise TimeoutError
    if not pieces:
        raise Failure("empty")
    # A server that does not count sends a token a piece.
    return [f"{first - begun:.2f}", rate((tokens or pieces) - 1, last - first)]


def rate(tokens: int, seconds: float) -> str:
    return f"{tokens / seconds:.1f}" if seconds > 0 else "–"


def embedding(seconds: float) -> list[str]:
    """Asks the running page, by the socket of agentfabric_offline/embedding_socket.py."""
    pattern = os.path.join(tempfile.gettempdir(), "agentfabric-*", "embedding.socket")
    paths = sorted(glob.glob(pattern), key=os.path.getmtime)
    if not paths:
        raise Failure("closed", pattern)
    begun = time.monotonic()
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(seconds)
        end.connect(paths[-1])
        end.sendall(json.dumps([PROMPT, "What is the capital of France?"]).encode())
        end.shutdown(socket.SHUT_WR)
        with end.makefile("rb") as answer:
            told = json.loads(answer.read())
    took = time.monotonic() - begun
    if "error" in told:
        raise Failure("refused", told["error"])
    one, other = told["vectors"]
    if (
        not one
        or len(one) != len(other)
        or one == other
        or not all(map(math.isfinite, one + other))
    ):
        raise Failure("vectors")
    return [str(len(one)), f"{took:.2f}"]


STEPS = {"models": models, "chat": chat, "stream": stream, "embedding": embedding}


def main(step: str, seconds: str) -> int:
    try:
        lines = STEPS[step](float(seconds))
        status = 0
    except Failure as failure:
        lines, status = list(failure.args), 1
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        lines, status = ["refused", f"HTTP {error.code} {text or error.reason}"], 1
    except TimeoutError:
        lines, status = ["slow", seconds], 1
    except urllib.error.URLError as error:
        slow = isinstance(error.reason, TimeoutError)
        lines, status = ["slow", seconds] if slow else ["unreachable", str(error.reason)], 1
    except (OSError, HTTPException) as error:
        lines, status = ["unreachable", str(error)], 1
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        lines, status = ["form", f"{type(error).__name__}: {error}"], 1
    for line in lines:
        print(" ".join(str(line).split())[:400])
    return status


sys.exit(main(sys.argv[1], sys.argv[2]))
