"""The OpenAI-compatible server that the agents use."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from agentfabric_offline.errors import Problem

_SECONDS = 10
_BETWEEN = 5
"""Seconds until a server that does not answer yet is asked again."""
_CONTEXT = 8192
"""Tokens, for a server that does not tell: of many it is more, and a smaller one complains."""


class ModelServer:
    """The model server, which may come up after the page and go away while it is served.

    Attributes:
        url: Its OpenAI address, which ends in /v1.
        api_key: Its key; `EMPTY` where it asks for none.
        known: The model's name if that is known by now, else empty. Never waits.
    """

    def __init__(self, url: str, api_key: str, model: str) -> None:
        """``model`` is empty where the server shall be asked for a name."""
        self.url = url
        self.api_key = api_key
        self._given = model
        self.known = model

    def name(self) -> str:
        """The model's name: waits for an answer of the server where it is not known yet.

        Raises:
            Problem: If the server does not tell.
        """
        if not self.known:
            served = self.models()
            if not served:
                raise Problem("answer", url=self.url, why="/models lists none")
            self.known = next(iter(served))
        return self.known

    def forget(self) -> None:
        """Ask for the model's name again, unless it was given: the server may serve another now."""
        self.known = self._given

    def models(self) -> dict[str, dict[str, Any]]:
        """What `GET /v1/models` tells of each model, by name.

        Raises:
            Problem: If the server does not answer or refuses the key.
        """
        answer = self.ask(f"{self.url}/models")
        try:
            return {str(model["id"]): model for model in answer["data"]}
        except (KeyError, TypeError) as error:
            raise Problem("answer", url=self.url, why="/models without `data`") from error

    def context(self) -> int:
        """The model's context in tokens; an estimate where the server does not tell it.

        Raises:
            Problem: If the server does not answer or refuses the key.
        """
        told = self.models().get(self.name(), {}).get("max_model_len")
        return told if isinstance(told, int) and told > 0 else _CONTEXT

    def tokens(self, messages: Sequence[Mapping[str, str]]) -> int:
        """How many tokens a chat takes in a prompt; an estimate where the server cannot count.

        vLLM counts with the model's own template (`POST /tokenize`, beside /v1).

        Raises:
            Problem: If the server does not answer.
        """
        url = f"{self.url.removesuffix('/v1')}/tokenize"
        try:
            body: dict[str, object] = {"model": self.name(), "messages": list(messages)}
            return int(self.ask(url, body)["count"])
        except (KeyError, TypeError, ValueError):
            pass
        except Problem as problem:
            if problem.key != "answer":
                raise
        return sum(20 + len(message["content"].encode()) // 2 for message in messages)

    def look_for_the_name(self) -> None:
        """Ask for the name in a thread until it is known, so that no visitor waits for it."""
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self.known:
            try:
                self.name()
            except Problem:
                time.sleep(_BETWEEN)

    def ask(self, url: str, body: dict[str, object] | None = None) -> Any:
        """The JSON that ``url`` answers to a GET, or to a POST of ``body``.

        Raises:
            Problem: If it does not.
        """
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(url, data, headers), timeout=_SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            kind = {401: "refused", 403: "refused", 502: "loading", 503: "loading"}
            why = f"HTTP {error.code} from {url}"
            key = kind.get(error.code, "answer")
            raise Problem(key, url=self.url, status=error.code, why=why) from error
        except URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise Problem("unreachable", url=self.url, why=reason) from error
        except OSError as error:
            raise Problem("unreachable", url=self.url, why=error.strerror or error) from error
        except ValueError as error:
            raise Problem("answer", url=self.url, why=f"no JSON from {url}") from error
