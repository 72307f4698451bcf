"""What succeeds against upstream as it is fails here, with an account: the same requests.

docs/security.md lists the advisories. Each attack gets what it is after on a plain start of
upstream's app.py from the same wheels, with the edits of the original guide; here, behind the
login, its sender is `bob` and the one he is after is `ann`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agentfabric.attacks import on_accounts, on_addresses, on_browsers, on_files, on_parsers
from tests.agentfabric.attacks.visitor import begin, chat, configure, named
from tests.agentfabric.stack import Stack
from tests.agentfabric.target import Target, serve_ours, serve_pristine

_ATTACKS: list[Callable[[Target], bool]] = [
    *on_files.ATTACKS,
    *on_addresses.ATTACKS,
    *on_browsers.ATTACKS,
    *on_accounts.ATTACKS,
    *on_parsers.ATTACKS,
]


@pytest.fixture(scope="module")
def pristine(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with serve_pristine(stack, "app.py", tmp_path_factory.mktemp("pristine")) as target:
        yield target


@pytest.fixture(scope="module")
def ours(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with serve_ours(stack, "app", tmp_path_factory.mktemp("ours")) as target:
        yield target


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


def test_visitors_of_a_published_agent_get_none_of_its_files(stack: Stack, tmp_path: Path) -> None:
    for name in ("pristine", "ours"):
        (tmp_path / name).mkdir()
    with serve_pristine(stack, "appBot.py", tmp_path / "pristine") as target:
        assert on_files.file_of_a_published_agent(target)
    with serve_ours(stack, "bot", tmp_path / "ours") as target:
        assert not on_files.file_of_a_published_agent(target)
        mine = target.attacker.upload("mine.txt", b"mine")
        question = {"text": "hello", "files": [{"path": mine}]}
        shown = target.attacker.event(None, [[], question, None])
        assert named(shown, "mine.txt")
        assert not named(shown, "mine.txt") - {mine}
