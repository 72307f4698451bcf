"""The little of HTTP that a login needs, over ASGI 3."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[str, str]]

_MOST_OF_A_FORM = 4096
"""Bytes: a name, a password and a path."""


def header(scope: Scope, name: str) -> str:
    """The request's header ``name`` (in small letters), empty where it has none."""
    wanted = name.encode("latin-1")
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def cookie(scope: Scope, name: str) -> str:
    """The request's cookie ``name``, empty where it has none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header(scope, "cookie"))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def address(scope: Scope) -> str:
    """The address that the request came from; of IPv6 the network of its host (/64)."""
    host = str((scope.get("client") or ("", 0))[0])
    return ":".join(host.split(":")[:4]) if host.count(":") > 3 else host


def encrypted(scope: Scope) -> bool:
    """Whether the browser speaks https, to us or to a proxy before us."""
    return "https" in (scope.get("scheme"), header(scope, "x-forwarded-proto"))


def from_own_page(scope: Scope) -> bool:
    """Whether a browser sent the request for a page of this very address.

    Browsers name the page that sends a request in `Origin` (Fetch Standard, 3.1) with each request
    that may change something. What no browser sent has none, and no cookies of somebody else.
    """
    origin = header(scope, "origin")
    if origin:
        # Not the scheme: a proxy may speak https for us.
        return urlsplit(origin).netloc.lower() == header(scope, "host").lower() != ""
    return header(scope, "sec-fetch-site") in ("", "same-origin", "none")


def local_path(path: str) -> str:
    """``path`` if it leads to a page of this address, else `/`."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


async def read_form(receive: Receive) -> dict[str, str] | None:
    """The fields of a form that was sent (application/x-www-form-urlencoded); None if too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _MOST_OF_A_FORM:
            return None
        if not message.get("more_body"):
            break
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        return None
    return {name: values[0] for name, values in fields.items()}


async def answer(
    send: Send, status: int, body: str = "", headers: Headers = (), kind: str = "text/html"
) -> None:
    """Send a whole answer, which nobody keeps."""
    data = body.encode()
    always = {
        "content-type": f"{kind}; charset=utf-8",
        "content-length": str(len(data)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    }
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in always.items()]
    raw += [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": data})


async def redirect(send: Send, path: str, headers: Headers = ()) -> None:
    """Lead the browser to another path of this address."""
    await answer(send, 303, headers=[("location", path), *headers])
