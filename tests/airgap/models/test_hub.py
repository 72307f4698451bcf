"""What the hub answers, and what people are told where it does not."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from airgap.errors import AirgapError, UnavailableError
from airgap.models.hub import ENDPOINT, TOKEN, Hub
from tests.airgap.hub.server import LISTING, Fault, HubServer
from tests.airgap.hub.small_model import QWEN, small_model, weights


def test_the_files_are_listed_with_the_commit_that_the_branch_is_at(hub: HubServer) -> None:
    model = hub.models[QWEN]
    commit = model.commit({**small_model(), "1_Pooling/config.json": b"{}"})
    listed = Hub(os.environ).list(QWEN, "master")
    assert listed.commit == commit
    found = {file.path: (file.size, file.sha256) for file in listed.files}
    expected = {path: (c.size, c.sha256) for path, (c, _) in model.commits[commit].items()}
    assert found == expected
    assert [file.path for file in listed.files] == sorted(expected)


def test_a_branch_that_moves_while_it_is_asked_for_gives_one_commit(hub: HubServer) -> None:
    model = hub.models[QWEN]
    first = model.branches["master"]
    hub.after_listing = lambda: model.commit(small_model(seed=1))
    listed = Hub(os.environ).list(QWEN, "master")
    assert listed.commit == first != model.branches["master"]
    weights = next(file for file in listed.files if file.path == "model.safetensors")
    assert weights.sha256 == model.commits[first]["model.safetensors"][0].sha256


def test_a_last_commit_that_removed_a_file_is_seen_to_have_done_so(hub: HubServer) -> None:
    model = hub.models[QWEN]
    before = model.branches["master"]
    model.commit(small_model())
    listed = Hub(os.environ).list(QWEN, "master")
    assert {file.path for file in listed.files} == set(small_model())
    # The commit that changed one of these files last; there they are what they are now.
    assert listed.commit == before


def test_of_two_commits_in_one_second_the_later_is_found(hub: HubServer) -> None:
    model = hub.models[QWEN]
    for seed in (1, 2, 3, 4):
        files = {**small_model(), "model.safetensors": weights(3000, seed)}
        commit = model.commit({**files, f"{seed}.json": b""} | {"1.json": b""})
        model.dates = dict.fromkeys(model.dates, 1700000000)
        assert Hub(os.environ).list(QWEN, "master").commit == commit


def test_an_older_commit_is_listed_by_its_name(hub: HubServer) -> None:
    model = hub.models[QWEN]
    first = model.branches["master"]
    model.commit({"README.md": b"all gone"})
    assert len(Hub(os.environ).list(QWEN, first).files) == len(model.commits[first])


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, UnavailableError, f"set {TOKEN} to a valid access token"),
        (403, UnavailableError, "ask for access on the model's page"),
        (404, AirgapError, "how its id is written, and for its revisions"),
        (429, UnavailableError, "try again later"),
        (500, UnavailableError, "try again later"),
        (503, UnavailableError, f"name a mirror in {ENDPOINT}"),
    ],
)
def test_a_hub_that_refuses_is_told_with_its_status(
    hub: HubServer, status: int, kind: type[AirgapError], told: str
) -> None:
    hub.faults.append(Fault(LISTING, status=status))
    with pytest.raises(AirgapError) as raised:
        Hub(os.environ).list(QWEN, "master")
    assert type(raised.value) is kind
    assert raised.value.expected == f"its files at the revision master from {hub.endpoint}"
    assert raised.value.found == f"HTTP {status}: status {status}"
    assert told in str(raised.value.remedy)


def test_a_model_that_is_not_there_is_told_from_a_hub_that_is_not(hub: HubServer) -> None:
    with pytest.raises(AirgapError, match="Model does not exist") as raised:
        Hub(os.environ).list("qwen/Qwen", "master")
    assert not isinstance(raised.value, UnavailableError)
    with pytest.raises(AirgapError, match="the revision v9 does not exist"):
        Hub(os.environ).list(QWEN, "v9")
    with pytest.raises(UnavailableError, match="found:    .*Connection refused"):
        Hub({ENDPOINT: "127.0.0.1:9"}).list(QWEN, "master")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"<html>Sign in</html>", "something else: JSONDecodeError"),
        (b'{"Data": {"Files": []}}', "none at"),
        (b'{"Data": {"Files": [{"Path": "x"}]}}', "something else: KeyError"),
        (b"[1]", "something else: AttributeError"),
    ],
)
def test_what_is_no_hub_is_told(answer: bytes, told: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(AirgapError, match=told):
            Hub({ENDPOINT: f"http://127.0.0.1:{server.server_port}"}).list(QWEN, "master")
        server.shutdown()


def test_a_private_model_is_seen_with_the_token_of_the_environment(hub: HubServer) -> None:
    hub.models[QWEN].token = "ms-secret"
    with pytest.raises(AirgapError, match="HTTP 401"):
        Hub(os.environ).list(QWEN, "master")
    with pytest.raises(AirgapError, match="HTTP 403"):
        Hub({**os.environ, TOKEN: "ms-other"}).list(QWEN, "master")
    assert Hub({**os.environ, TOKEN: "ms-secret"}).list(QWEN, "master").files


def test_what_people_are_told_does_not_hold_the_token(hub: HubServer) -> None:
    hub.models[QWEN].token = "ms-secret"
    with pytest.raises(AirgapError) as raised:
        Hub({**os.environ, TOKEN: "ms-other"}).list(QWEN, "master")
    assert "ms-other" not in str(raised.value)


def test_asking_leaves_nothing_in_the_home_folder(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Hub(os.environ).list(QWEN, "master").files
    assert list(tmp_path.iterdir()) == []


def test_an_address_without_a_scheme_is_one_of_https() -> None:
    assert Hub({}).endpoint == "https://modelscope.cn"
    assert Hub({ENDPOINT: "hub.corp/"}).endpoint == "https://hub.corp"
    assert Hub({"MODELSCOPE_DOMAIN": "old.corp"}).endpoint == "https://old.corp"


def test_a_file_is_asked_for_at_the_commit_with_the_token() -> None:
    hub = Hub({ENDPOINT: "http://hub.corp", TOKEN: "ms-secret"})
    address, headers = hub.request(QWEN, "0" * 40, "1_Pooling/a b.json")
    assert address == (
        f"http://hub.corp/api/v1/models/{QWEN}/repo?Revision={'0' * 40}"
        "&FilePath=1_Pooling%2Fa+b.json"
    )
    assert headers["Authorization"] == "Bearer ms-secret"
    assert "Authorization" not in Hub({}).request(QWEN, "0" * 40, "x")[1]
