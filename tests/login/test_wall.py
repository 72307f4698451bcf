"""Behind the wall is who logged in, and nobody else; other pages can make nobody do anything."""

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from login import SESSION, USER, Accounts, wall
from login.brakes import Brakes
from login.http import Application, Message, Receive, Scope, Send
from tests.login.browser import Browser

PAGE = "<html><body><p>the page</p></body></html>"
Log = list[tuple[str, str, str]]


@pytest.fixture
def reached() -> Log:
    return []


@pytest.fixture
def behind(reached: Log) -> Application:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append((scope["path"], scope[USER], scope[SESSION]))
        headers = [(b"content-type", b"text/html"), (b"access-control-allow-origin", b"*")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE.encode()})

    return app


@pytest.fixture
def start(behind: Application, tmp_path: Path) -> Callable[[], Application]:
    (tmp_path / "passwords").write_text("ann:one\nbob:two\n")
    return lambda: wall(behind, Accounts(tmp_path / "passwords"), tmp_path / "state")


@pytest.fixture
def browser(start: Callable[[], Application]) -> Browser:
    return Browser(start())


def log_in(browser: Browser, name: str = "ann", password: str = "one", after: str = "/") -> int:
    return browser.post("/login", {"name": name, "password": password, "next": after}).status


def test_without_a_login_nothing_is_reached(browser: Browser, reached: Log) -> None:
    for path in ("/", "/file=/etc/passwd", "/config", "/queue/join", "/login/../config", "//x"):
        assert browser.get(path).status == 303
        assert browser.ask("GET", path).status == (303 if path == "/" else 401)
        assert browser.post(path).status == 401
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        assert browser.ask(method, "/").status == 401
    assert reached == []


def test_a_forged_cookie_is_no_login(browser: Browser, reached: Log) -> None:
    log_in(browser)
    name, token = next(iter(browser.cookies.items()))
    for forged in ("", "x", token[:-1], token + "x", '"', "=;="):
        browser.cookies[name] = forged
        assert browser.get("/").status == 303
    assert reached == []


def test_a_login_leads_to_the_page_that_was_asked_for(browser: Browser) -> None:
    asked = browser.get("/some page?a=1&b=2")
    form = browser.get(asked.headers["location"])
    assert 'value="/some%20page?a=1&amp;b=2"' in form.text
    answer = browser.post(
        "/login", {"name": "ann", "password": "one", "next": "/some%20page?a=1&b=2"}
    )
    assert answer.headers["location"] == "/some%20page?a=1&b=2"


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil",
        "/\r\nx:y",
    ],
)
def test_a_login_leads_to_no_other_host(browser: Browser, after: str) -> None:
    answer = browser.post("/login", {"name": "ann", "password": "one", "next": after})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert 'name="next" value="/"' in browser.get(f"/login?{urlencode({'next': after})}").text


def test_the_page_behind_learns_who_it_is(browser: Browser, reached: Log) -> None:
    other = Browser(browser.app)
    for each, name, password in ((browser, "ann", "one"), (other, "bob", "two")):
        assert log_in(each, name, password) == 303
        assert each.get("/config").status == 200
    assert [name for _, name, _ in reached] == ["ann", "bob"]
    assert len({session for _, _, session in reached}) == 2
    assert not {reached[0][2], reached[1][2]} & {*browser.cookies.values()}


def test_a_client_cannot_say_who_it_is(browser: Browser, reached: Log) -> None:
    log_in(browser)
    browser.get("/config", **{"airgap.user": "bob", "x-airgap-user": "bob"})
    assert reached[0][1] == "ann"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_pages(browser: Browser) -> None:
    plain = browser.post("/login", {"name": "ann", "password": "one"}).headers["set-cookie"]
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain
    for proxied in (Browser(browser.app, scheme="https"), browser):
        header = {} if proxied is not browser else {"x-forwarded-proto": "https"}
        answer = proxied.post("/login", {"name": "ann", "password": "one"}, **header)
        assert "; Secure" in answer.headers["set-cookie"]


def test_a_restart_keeps_the_login(browser: Browser, start: Callable[[], Application]) -> None:
    log_in(browser)
    browser.app = start()
    assert browser.get("/").status == 200


def test_logging_out_ends_the_login_everywhere(browser: Browser) -> None:
    log_in(browser)
    copy = Browser(browser.app, cookies=dict(browser.cookies))
    assert browser.get("/logout").status == 200
    assert copy.get("/").status == 200
    assert browser.post("/logout").status == 303
    assert copy.get("/").status == 303


def test_a_changed_password_ends_the_logins_of_that_account(
    browser: Browser, tmp_path: Path
) -> None:
    other = Browser(browser.app)
    log_in(browser)
    log_in(other, "bob", "two")
    (tmp_path / "passwords").write_text("ann:another\nbob:two\n")
    assert browser.get("/").status == 303
    assert other.get("/").status == 200
    (tmp_path / "passwords").write_text("ann:another\n")
    assert other.get("/").status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://builder:7865"},
        {"origin": "http://builder"},
        {"origin": "null"},
        {"origin": "http://builder:7860.evil.example"},
        {"origin": "", "sec-fetch-site": "cross-site"},
        {"origin": "", "sec-fetch-site": "same-site"},
    ],
)
def test_what_another_page_sends_is_not_carried_out(
    browser: Browser, reached: Log, headers: dict[str, str]
) -> None:
    log_in(browser)
    assert browser.post("/upload", None, **headers).status == 403
    assert browser.post("/logout", None, **headers).status == 403
    assert browser.post("/login", {"name": "bob", "password": "two"}, **headers).status == 403
    assert reached == []
    assert browser.get("/config").status == 200


def test_programs_that_are_no_browser_may_send(browser: Browser, reached: Log) -> None:
    log_in(browser)
    assert browser.post("/run", origin="").status == 200


def test_no_other_page_may_read_or_frame_it(browser: Browser) -> None:
    log_in(browser)
    headers = browser.get("/config", origin="http://evil.example").headers
    assert "access-control-allow-origin" not in headers
    assert headers["x-frame-options"] == "SAMEORIGIN"


def test_guessing_is_slowed_down_even_if_the_guess_is_right(
    start: Callable[[], Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The time stands still, so that it does not matter how long a hash takes here.
    module = importlib.import_module("login.wall")
    monkeypatch.setattr(module, "Brakes", lambda: Brakes(lambda: 1000.0))
    browser = Browser(start())
    for _ in range(6):
        assert log_in(browser, password="wrong") == 403
    answer = browser.post("/login", {"name": "ann", "password": "one"})
    assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    assert "2 s" in answer.text
    assert log_in(Browser(browser.app, address="10.0.0.8")) == 303


def test_the_name_that_was_typed_is_shown_as_text(browser: Browser) -> None:
    answer = browser.post("/login", {"name": '"><script>', "password": "x"})
    assert "<script>" not in answer.text


@pytest.mark.parametrize("body", [b"", b"name=ann", b"\xff\xfe", b"name=" + b"a" * 100_000])
def test_what_is_no_form_is_refused(browser: Browser, body: bytes) -> None:
    assert browser.ask("POST", "/login", body, {"origin": "http://builder:7860"}).status == 400


def test_the_pages_speak_the_readers_language_and_ask_for_nothing_else(browser: Browser) -> None:
    chinese = browser.get("/login", **{"accept-language": "zh-CN,en;q=0.8"})
    assert "登录" in chinese.text and 'lang="zh-CN"' in chinese.text
    english = browser.get("/login", **{"accept-language": "de,en"})
    assert "Log in" in english.text
    log_in(browser)
    for page in (chinese, english, browser.get("/logout")):
        assert "://" not in page.text and "<script" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_way_out_is_on_the_page_and_nowhere_else(browser: Browser) -> None:
    log_in(browser)
    page = browser.get("/")
    assert 'href="/logout"' in page.text and "ann" in page.text
    assert page.text.startswith("<html><body><p>the page</p>") and page.text.endswith("</html>")
    assert int(page.headers["content-length"]) == len(page.text.encode())
    assert browser.get("/config").text == PAGE


def test_a_websocket_is_closed(browser: Browser, reached: Log) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def connect() -> None:
        await browser.app({"type": "websocket", "path": "/"}, receive, send)

    asyncio.run(connect())
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert reached == []


def test_with_no_login_everybody_is_the_guides_user_and_other_pages_are_kept_out(
    behind: Application, reached: Log, tmp_path: Path
) -> None:
    browser = Browser(wall(behind, None, tmp_path))
    assert browser.get("/").text == PAGE
    assert browser.post("/upload").status == 200
    assert browser.post("/upload", origin="http://evil.example").status == 403
    assert reached == [("/", "local_user", ""), ("/upload", "local_user", "")]
