"""The gate between the login and gradio: lets through what the page itself asks for."""

import os
import re
from urllib.parse import parse_qs, urlencode

from agentfabric_offline.adaptations.sessions import LEAVE
from agentfabric_offline.adaptations.users import Visitor, visited_by
from agentfabric_offline.folders import Folders, shown_as
from login.http import Application, Message, Receive, Scope, Send, answer, header

MOST_OF_AN_UPLOAD = 100 << 20
"""Bytes."""
MOST_OF_DATA = 16 << 20
"""Bytes of an event's data; a chat is sent as a whole."""

_FILE = "/file="
_JOIN = "/queue/join"
_GET = re.compile(
    r"/|/info|/theme\.css|/favicon\.ico|/queue/join|/upload_progress"
    # No segment begins with a dot: none leads to another folder.
    r"|/(?:assets|static)(?:/[\w@+-][\w@+.-]*)+"
    r"|/custom_component/[0-9a-f]{32}/(?:component|example)/[\w-][\w.-]*",
    re.ASCII,
)
_POST = {"/queue/data": MOST_OF_DATA, "/upload": MOST_OF_AN_UPLOAD, LEAVE: 0}
"""What may be sent where, in bytes."""
_SESSION = re.compile(r"[0-9A-Za-z_-]{1,64}")

# Over the page's own: what a visitor uploaded, or code made, runs nothing in the browser.
_FILE_POLICY = b"default-src 'none'; sandbox"


class Gate:
    """``app``, gradio's application, with all closed that the page does not need."""

    def __init__(self, app: Application, folders: Folders) -> None:
        self._app = app
        self._folders = folders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        with visited_by(scope) as visitor:
            refused = self._refused(scope, visitor)
            if refused:
                await answer(send, refused, kind="text/plain")
                return
            if scope["path"] == "/upload":
                self._folders.make_room(visitor.name, _length(scope) or 0)
            if scope["path"].startswith(_FILE):
                send = _harmless(scope["path"], send)
            await self._app(_inside(scope, visitor), receive, send)

    def _refused(self, scope: Scope, visitor: Visitor) -> int:
        """The status with which the request is refused; 0 if it is not."""
        method, path = scope["method"], scope["path"]
        if method == "POST" and path in _POST:
            length = _length(scope)
            if length is None:
                return 411
            if length > _POST[path]:
                return 413
        elif method not in ("GET", "HEAD"):
            return 404
        elif path.startswith(_FILE):
            file = path.removeprefix(_FILE)
            if not os.path.isabs(file) or not self._folders.may_have(visitor.name, file):
                return 404
        elif not _GET.fullmatch(path):
            return 404
        if path in (_JOIN, LEAVE):
            # Data in the address would be worked on if another page had a browser follow a link.
            given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if "data" in given or not _SESSION.fullmatch(given.get("session_hash", [""])[0]):
                return 400
        return 0


def _length(scope: Scope) -> int | None:
    """The length of the request's body, in bytes; None if it does not say, 0 if it has none."""
    if header(scope, "transfer-encoding"):
        return None
    given = header(scope, "content-length") or "0"
    return int(given) if given.isascii() and given.isdigit() else None


def _inside(scope: Scope, visitor: Visitor) -> Scope:
    # Gradio takes this for the page's address, and for others' too, as it keeps it for a moment.
    headers = [each for each in scope["headers"] if each[0] != b"x-direct-url"]
    scope = {**scope, "headers": headers}
    if scope["path"] not in (_JOIN, LEAVE):
        return scope
    given = parse_qs(scope["query_string"].decode("latin-1"))
    own = {name: values[0] for name, values in given.items() if name == "fn_index"}
    own["session_hash"] = visitor.session(given["session_hash"][0])
    return {**scope, "query_string": urlencode(own).encode()}


def _harmless(path: str, send: Send) -> Send:
    kind, disposition = shown_as(path)
    headers = {
        b"content-security-policy": _FILE_POLICY,
        b"content-type": kind.encode(),
        b"content-disposition": disposition.encode(),
        b"cache-control": b"private",
    }

    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [each for each in message["headers"] if each[0].lower() not in headers]
            message = {**message, "headers": [*kept, *headers.items()]}
        await send(message)

    return changed
