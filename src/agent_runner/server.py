"""What the model server says about itself: its context, and how many tokens a prompt takes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from agent_runner.errors import Problem

_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A vLLM server.

    Attributes:
        url: Its OpenAI address, which ends in /v1.
        model: The name under which it serves the model.
        api_key: Its key; `EMPTY` where it asks for none.
    """

    url: str
    model: str
    api_key: str

    def context(self) -> int:
        """The model's context in tokens, as `GET /v1/models` tells it.

        Raises:
            Problem: If the server does not answer, refuses the key or serves another model.
        """
        answer = self._ask(f"{self.url}/models")
        try:
            served = {str(model["id"]): model for model in answer["data"]}
            if self.model not in served:
                found = ", ".join(f"`{name}`" for name in served)
                raise Problem("model", url=self.url, found=found, model=self.model)
            return int(served[self.model]["max_model_len"])
        except (KeyError, TypeError, ValueError) as error:
            raise Problem("answer", url=self.url, why=f"/models without {error}") from error

    def tokens(self, messages: Sequence[dict[str, str]]) -> int:
        """How many tokens the chat takes with the model's own template (vLLM's `POST /tokenize`).

        Raises:
            Problem: If the server does not answer or cannot count.
        """
        url = f"{self.url.removesuffix('/v1')}/tokenize"
        answer = self._ask(url, {"model": self.model, "messages": list(messages)})
        try:
            return int(answer["count"])
        except (KeyError, TypeError, ValueError) as error:
            raise Problem("answer", url=url, why=f"/tokenize without {error}") from error

    def _ask(self, url: str, body: dict[str, object] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        # No proxy: the server is in the same network, whatever the environment says.
        opener = build_opener(ProxyHandler({}))
        try:
            with opener.open(Request(url, data, headers), timeout=_SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            kind = {401: "refused", 403: "refused", 502: "loading", 503: "loading"}
            key = kind.get(error.code, "answer")
            why = f"HTTP {error.code} from {url}"
            raise Problem(key, url=self.url, status=error.code, why=why) from error
        except URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise Problem("unreachable", url=self.url, why=reason) from error
        except OSError as error:
            raise Problem("unreachable", url=self.url, why=error.strerror or error) from error
        except ValueError as error:
            raise Problem("answer", url=self.url, why=f"no JSON from {url}") from error
