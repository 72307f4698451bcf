"""Run in the model server's container: asks what is on standard input and prints the answer.

Usage: chat.py NOTE, where NOTE is printed when the answer was cut by its length limit.
Environment: MODEL_NAME, PORT, API_KEY_FILE (optional), as the server itself has them.
"""

import json
import os
import sys
import urllib.error
import urllib.request


def request(question: str) -> urllib.request.Request:
    headers = {"Content-Type": "application/json"}
    key_file = os.environ.get("API_KEY_FILE")
    if key_file:
        with open(key_file, encoding="utf-8") as file:
            headers["Authorization"] = "Bearer " + file.read().strip()
    body = {
        "model": os.environ["MODEL_NAME"],
        "messages": [{"role": "user", "content": question}],
        "stream": True,
    }
    address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/v1/chat/completions"
    return urllib.request.Request(address, json.dumps(body).encode(), headers)


def print_answer(question: str, note: str) -> None:
    """The events are server-sent ones, "data: {…}" a line, ended by "data: [DONE]"."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request(question), timeout=600) as answer:
        for line in answer:
            if not line.startswith(b"data: ") or line.strip() == b"data: [DONE]":
                continue
            event = json.loads(line[len(b"data: ") :])
            if "error" in event:
                raise ValueError(event["error"])
            for choice in event["choices"]:
                print(choice["delta"].get("content") or "", end="", flush=True)
                if choice.get("finish_reason") == "length":
                    print(f" {note}", end="")
    print()


try:
    print_answer(sys.stdin.read(), sys.argv[1])
except urllib.error.HTTPError as error:
    sys.exit(f"{error}: {error.read().decode(errors='replace')}")
except (OSError, ValueError) as error:
    sys.exit(str(error))
