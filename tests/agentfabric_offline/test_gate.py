"""The gate lets through what the page asks for, each visitor to what is his."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from agentfabric_offline.adaptations.users import current_user
from agentfabric_offline.folders import Folders
from agentfabric_offline.gate import MOST_OF_AN_UPLOAD, Gate
from login import SESSION, USER
from login.http import Message, Receive, Scope, Send


class Page:
    """A gate before an application that keeps what reaches it."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(folder / "cache", folder / "work", None, ())
        self.reached: list[Scope] = []
        self.users: list[str] = []

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached.append(scope)
        self.users.append(current_user())
        headers = [(b"content-type", b"text/html"), (b"content-security-policy", b"page's")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def ask(
        self, method: str, path: str, user: str = "ann", login: str = "1" * 64, **headers: str
    ) -> tuple[int, dict[str, str]]:
        sent: list[Message] = []

        async def receive() -> Message:
            raise AssertionError("the gate reads no body")

        async def send(message: Message) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": named,
            USER: user,
            SESSION: login,
        }

        async def call() -> None:
            await Gate(self._app, self.folders)(scope, receive, send)

        asyncio.run(call())
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], answered

    def session(self, path: str, user: str, login: str) -> str:
        method = "POST" if path.startswith("/airgap") else "GET"
        assert self.ask(method, path, user, login)[0] == 200
        return str(parse_qs(self.reached[-1]["query_string"].decode())["session_hash"][0])


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/info",
        "/theme.css",
        "/assets/index-a4a7fd54.js",
        "/assets/svelte/svelte.js",
        "/static/img/logo.svg",
        "/custom_component/0af37a7e62246c86198370269c9a5430/component/index.js",
        "/queue/join?fn_index=1&session_hash=abc",
        "/upload_progress?upload_id=1",
    ],
)
def test_what_the_page_asks_for_is_let_through(page: Page, path: str) -> None:
    assert page.ask("GET", path)[0] == 200
    assert page.users == ["ann"]


@pytest.mark.parametrize(
    "path",
    [
        "/config",
        "/file/etc/passwd",
        "/file=etc/passwd",
        "/file=/etc/passwd",
        "/file=http://other.example/",
        "/file=",
        "/proxy=http://other.example/",
        "/static/../routes.py",
        "/static/.hidden",
        "/assets//etc/passwd",
        "/custom_component/0af37a7e62246c86198370269c9a5430/../__init__.py",
        "/custom_component/x/component/index.js",
        "/theme.css\n",
    ],
)
def test_what_it_does_not_ask_for_is_not_there(page: Page, path: str) -> None:
    assert page.ask("GET", path)[0] == 404
    assert page.reached == []


@pytest.mark.parametrize("path", ["/run/predict", "/api/predict", "/component_server", "/reset"])
def test_gradio_s_other_ways_in_are_closed(page: Page, path: str) -> None:
    assert page.ask("POST", path)[0] == 404


def test_uploads_say_their_length_and_keep_to_the_limit(page: Page) -> None:
    assert page.ask("POST", "/upload", content_length=str(MOST_OF_AN_UPLOAD))[0] == 200
    assert page.ask("POST", "/upload", content_length=str(MOST_OF_AN_UPLOAD + 1))[0] == 413
    assert page.ask("POST", "/upload", transfer_encoding="chunked")[0] == 411
    assert page.ask("POST", "/upload", content_length="-1")[0] == 411
    assert len(page.reached) == 1


def test_a_session_belongs_to_the_login_that_began_it(page: Page) -> None:
    join = "/queue/join?fn_index=1&session_hash=abc"
    leave = "/airgap/leave?session_hash=abc"
    ann = page.session(join, "ann", "1" * 64)
    assert page.session(join, "ann", "1" * 64) == page.session(leave, "ann", "1" * 64) == ann
    assert len({ann, page.session(join, "bob", "2" * 64), page.session(join, "ann", "3" * 64)}) == 3
    # Nor does a name that looks like another's get there.
    page.ask("GET", f"/queue/join?fn_index=1&session_hash={ann}")
    assert page.reached[-1]["query_string"].decode().endswith("abc")


@pytest.mark.parametrize(
    "query", ["fn_index=1&session_hash=abc&data=[]", "fn_index=1", "fn_index=1&session_hash=a.b"]
)
def test_an_address_carries_no_data_of_an_event(page: Page, query: str) -> None:
    assert page.ask("GET", f"/queue/join?{query}")[0] == 400
    assert page.reached == []


def test_the_second_of_two_sessions_in_an_address_is_not_taken(page: Page) -> None:
    page.ask("GET", "/queue/join?fn_index=1&session_hash=abc&session_hash=bob.2.abc")
    assert page.reached[0]["query_string"].count(b"session_hash") == 1


def test_only_own_files_are_let_through_and_run_nothing(page: Page) -> None:
    mine = page.folders.own("ann") / "a" / "page.html"
    mine.parent.mkdir(parents=True)
    mine.touch()
    status, headers = page.ask("GET", f"/file={mine}")
    assert (status, headers["content-disposition"]) == (200, "attachment")
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["content-type"] == "application/octet-stream"
    assert page.ask("GET", f"/file={mine}", user="bob")[0] == 404


def test_no_request_says_where_the_page_is(page: Page) -> None:
    page.ask("GET", "/", x_direct_url="http://other.example")
    assert page.reached[0]["headers"] == []
