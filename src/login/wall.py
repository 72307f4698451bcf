"""The wall: nothing behind it is reached without a login."""

import asyncio
import logging
import math
from pathlib import Path
from urllib.parse import parse_qs, quote

from login import http, pages
from login.accounts import Accounts
from login.brakes import Brakes
from login.http import Application, Message, Receive, Scope, Send
from login.sessions import LASTS, Sessions
from login.texts import PAGE, language_of

EVERYBODY = "local_user"
"""Who all visitors are where there is no login."""
USER = "airgap.user"
"""The key of the ASGI scope behind the wall with the account's name."""
SESSION = "airgap.session"
"""The key with a text that is another one for each login, and empty where there is none."""

_PASSWORDS_AT_ONCE = 2
"""Each costs 16 MiB and a core for 50 ms."""
_SAFE = ("GET", "HEAD")
_log = logging.getLogger(__name__)


def wall(app: Application, accounts: Accounts | None, state: Path) -> Application:
    """``app`` behind a login, which puts ``USER`` and ``SESSION`` into the scope.

    Logins are kept in `state/login`, so they survive a restart. With no ``accounts`` everybody gets
    in as ``EVERYBODY``. In either case a request that may change something is refused when another
    page made the browser send it, and so is every WebSocket.
    """
    if accounts is None:
        return _Open(app)
    return _Wall(app, accounts, Sessions(state / "login" / "sessions.json"))


class _Open:
    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4403})
        elif scope["method"] not in _SAFE and not http.from_own_page(scope):
            await _refuse(scope, send)
        else:
            await self._app({**scope, USER: EVERYBODY, SESSION: ""}, receive, _unframed(send))


class _Wall:
    def __init__(self, app: Application, accounts: Accounts, sessions: Sessions) -> None:
        self._app = app
        self._accounts = accounts
        self._sessions = sessions
        # Of this page alone: browsers send a host's cookies to all of its ports.
        self._cookie = f"airgap-{sessions.page}"
        self._brakes = Brakes()
        self._checks = asyncio.Semaphore(_PASSWORDS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4403})
            return
        safe = scope["method"] in _SAFE
        found = self._session(scope)
        if not safe and not http.from_own_page(scope):
            await _refuse(scope, send)
        elif scope["path"] == "/login":
            await (self._form(scope, send) if safe else self._log_in(scope, receive, send))
        elif found is None:
            await self._ask(scope, send)
        elif scope["path"] == "/logout":
            await (
                http.answer(send, 200, pages.logout_page(_language(scope), found[1]))
                if safe
                else self._log_out(scope, send)
            )
        else:
            session, name = found
            inner = {**scope, USER: name, SESSION: session}
            corner = pages.corner(_language(scope), name)
            await self._app(inner, receive, _unframed(_with_corner(scope, send, corner)))

    def _session(self, scope: Scope) -> tuple[str, str] | None:
        """The session's key and the account's name."""
        found = self._sessions.find(http.cookie(scope, self._cookie))
        if found is None:
            return None
        key, session = found
        # Gone with the account, and with its old password.
        if self._accounts.fingerprint(session.name) != session.fingerprint:
            return None
        return key, session.name

    async def _ask(self, scope: Scope, send: Send) -> None:
        if scope["method"] in _SAFE and "text/html" in http.header(scope, "accept"):
            query = scope["query_string"].decode("latin-1")
            path = quote(scope["path"]) + (f"?{query}" if query else "")
            await http.redirect(send, "/login" if path == "/" else f"/login?next={quote(path)}")
        elif scope["method"] in _SAFE and scope["path"] == "/":
            await http.redirect(send, "/login")
        else:
            text = PAGE[_language(scope)]["needed"]
            await http.answer(send, 401, text, kind="text/plain")

    async def _form(self, scope: Scope, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        after = http.local_path(asked.get("next", ["/"])[0])
        await http.answer(send, 200, pages.login_page(_language(scope), after))

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = _language(scope)
        form = await http.read_form(receive)
        if form is None or not {"name", "password"} <= form.keys():
            await http.answer(send, 400, pages.message_page(language, "form"))
            return
        name, address = form["name"].strip()[:64], http.address(scope)
        after = http.local_path(form.get("next", "/"))
        async with self._checks:
            wait = math.ceil(self._brakes.wait(name, address))
            right = not wait and await asyncio.to_thread(
                self._accounts.check, name, form["password"]
            )
            if not wait and not right:
                self._brakes.failed(name, address)
        if right and (fingerprint := self._accounts.fingerprint(name)) is not None:
            self._brakes.passed(name, address)
            token = await asyncio.to_thread(self._sessions.begin, name, fingerprint)
            _log.info("`%s` has logged in from %s", name, address)
            await http.redirect(send, after, [self._set_cookie(scope, token, LASTS)])
            return
        _log.warning("a login as %r from %s was refused", name, address)
        text = PAGE[language]
        wrong = text["wait"].format(seconds=wait) if wait else text["wrong"]
        status, headers = (429, [("retry-after", str(wait))]) if wait else (403, [])
        page = pages.login_page(language, after, name, wrong)
        await http.answer(send, status, page, headers)

    async def _log_out(self, scope: Scope, send: Send) -> None:
        await asyncio.to_thread(self._sessions.end, http.cookie(scope, self._cookie))
        await http.redirect(send, "/login", [self._set_cookie(scope, "", 0)])

    def _set_cookie(self, scope: Scope, token: str, seconds: int) -> tuple[str, str]:
        secure = "; Secure" if http.encrypted(scope) else ""
        return (
            "set-cookie",
            f"{self._cookie}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        )


def _language(scope: Scope) -> str:
    return language_of(http.header(scope, "accept-language"))


async def _refuse(scope: Scope, send: Send) -> None:
    _log.warning("%s %s sent by another page was refused", scope["method"], scope["path"])
    await http.answer(send, 403, pages.message_page(_language(scope), "origin"))


def _unframed(send: Send) -> Send:
    """Let no other page show this one in a frame, and make no use of it."""

    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (key, value)
                for key, value in message["headers"]
                if not key.lower().startswith(b"access-control-")
            ]
            headers.append((b"x-frame-options", b"SAMEORIGIN"))
            headers.append((b"cross-origin-resource-policy", b"same-origin"))
            message = {**message, "headers": headers}
        await send(message)

    return changed


def _with_corner(scope: Scope, send: Send, corner: str) -> Send:
    """Put ``corner`` into the page, if the answer is the page."""
    if scope["path"] != "/" or scope["method"] != "GET":
        return send
    start: Message | None = None
    body = b""

    async def changed(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"")
            if message["status"] == 200 and kind.startswith(b"text/html"):
                start = message
                return
        if start is None:
            await send(message)
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        head, end, tail = body.rpartition(b"</body>")
        whole = head + corner.encode() + end + tail if end else body
        headers = [
            (key, value)
            for key, value in start["headers"]
            if key.lower() not in (b"content-length", b"etag")
        ]
        headers.append((b"content-length", str(len(whole)).encode()))
        # The page holds who looks at it.
        headers.append((b"cache-control", b"no-store"))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": whole})

    return changed
