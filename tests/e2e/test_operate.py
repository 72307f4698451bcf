"""The operator's commands while the bundle is up."""

import shlex

from tests.e2e.bundle import Bundle
from tests.e2e.demo import MODEL, PAGE_URL, SERVER_URL


def test_up_says_what_it_did_and_where_everything_is(served: Bundle, first_up: str) -> None:
    assert "Loading the image into Docker" in first_up
    assert f"{SERVER_URL}/v1  (model {MODEL})" in first_up
    assert PAGE_URL in first_up
    assert served.environ["AIRGAP_STATE_DIR"] in first_up


def test_the_image_is_loaded_once(served: Bundle) -> None:
    done = served.airgap("load")
    assert done.returncode == 0
    assert done.stdout.startswith("Docker has the image already: localhost/airgap/demo:")


def test_up_again_leaves_what_runs_alone(served: Bundle) -> None:
    before = served.left()
    done = served.airgap("up")
    assert done.returncode == 0, done.stderr
    assert "Starting" not in done.stdout
    assert served.left() == before


def test_status_says_that_both_answer(served: Bundle) -> None:
    done = served.airgap("status")
    assert done.returncode == 0, done.stdout
    assert f"the model server answers at {SERVER_URL}/" in done.stdout
    assert f"the chat page answers at {PAGE_URL}" in done.stdout


def test_logs_come_from_both_services(served: Bundle) -> None:
    done = served.airgap("logs")
    assert done.returncode == 0
    services = {line.split(" | ")[0] for line in done.stdout.splitlines()}
    assert services >= {"server", "agent"}  # a progress bar of the server redraws its line
    only = served.airgap("logs", "agent").stdout.splitlines()
    assert only
    assert all(line.startswith("agent | ") for line in only)


def test_chat_prints_an_answer(served: Bundle) -> None:
    done = served.airgap("chat", "What is the capital of France?")
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout


def test_chat_takes_any_text(served: Bundle) -> None:
    done = served.airgap("chat", shlex.quote('引号 " \\ $(id) `id`\n') + "?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "uid=" not in done.stdout
