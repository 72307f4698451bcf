"""The model server away, everything down, and up again with other settings.

These tests change what is up, in this order; the files before them in the alphabet use it.
"""

import json
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.bundle import Bundle
from tests.e2e.chat_page import ANSWER_TIMEOUT, answer_of, ask
from tests.e2e.demo import AGENT, LLM, MODEL, NETWORK, SERVER
from tests.e2e.intranet import HOST
from tests.e2e.visits import Visits, picture

KEY = "a-key-of-the-intranet"
TUNED = "调优 model"


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file's time of change and bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture(scope="module")
def kept(served: Bundle, state: Path) -> dict[str, tuple[int, bytes]]:
    """What was in the state folder before anything was stopped."""
    return contents(state)


@pytest.fixture(scope="module")
def opened(
    served: Bundle, kept: dict[str, tuple[int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bundle, str]:
    """The bundle with its server open to the network, and what ``airgap up`` said.

    The server has the model of another folder, as the operator of a fine-tuned model would.
    """
    folder = tmp_path_factory.mktemp("settings")
    shutil.copytree(served.folder / "models" / LLM, folder / TUNED)
    key_file = folder / "key file"
    key_file.write_text(f"{KEY}\n")
    key_file.chmod(0o400)
    os.chown(key_file, 1000, 1000)
    conf = folder / "airgap.conf"
    conf.write_text(
        f'# Open.\nSERVER_LISTEN=0.0.0.0\nSERVER_KEY_FILE="{key_file}"  # uid 1000\n'
        f'LLM_DIR="{folder / TUNED}"\n'
    )
    demo = Bundle(served.folder, {**served.environ, "AIRGAP_CONF": str(conf)})
    done = demo.airgap("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return demo, done.stdout


def models(key: str | None) -> Any:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"http://{HOST}:8000/v1/models", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_stopped_model_server_is_told_to_visitor_and_operator(
    served: Bundle, kept: object, visits: Visits
) -> None:
    page = visits.open()
    served.docker("stop", "--time", "5", SERVER)
    ask(page, "When does the last ferry leave Larkmoor?")
    expect(page.locator("#chat .message.bot").last).to_contain_text("⚠️", timeout=ANSWER_TIMEOUT)
    told = answer_of(page)
    assert "The model server at http://server:8000/v1 does not answer" in told
    assert "airgap status" in told
    picture(page, "server-stopped")

    status = served.airgap("status")
    assert status.returncode == 1
    assert "the model server does not run" in status.stdout
    chat = served.airgap("chat", "Hello?")
    assert chat.returncode == 1
    assert "the model server is not up" in chat.stderr


def test_down_leaves_nothing_but_state_and_image(
    served: Bundle, kept: dict[str, tuple[int, bytes]], state: Path
) -> None:
    image = served.inspect(AGENT)["Image"]
    done = served.airgap("down")
    assert done.returncode == 0, done.stderr
    assert served.left() == ("bridge", "host", "none")
    images = served.docker("images", "--quiet", "--no-trunc", "localhost/airgap/demo")
    assert images.split() == [image]
    assert kept
    assert contents(state) == kept
    assert "Nothing of demo is up" in served.airgap("down").stdout


def test_up_again_loads_and_indexes_nothing(
    opened: tuple[Bundle, str], kept: dict[str, tuple[int, bytes]], state: Path
) -> None:
    _, said = opened
    assert "Loading" not in said
    assert contents(state) == kept


@pytest.mark.parametrize("key", [None, "another-key"])
def test_an_open_server_refuses_who_has_not_its_key(
    opened: tuple[Bundle, str], key: str | None
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        models(key)
    assert refusal.value.code == 401


def test_an_open_server_answers_who_has_its_key(opened: tuple[Bundle, str]) -> None:
    assert MODEL in [model["id"] for model in models(KEY)["data"]]


def test_the_model_of_the_operators_folder_is_served(opened: tuple[Bundle, str]) -> None:
    demo, _ = opened
    mounts = {Path(mount["Source"]).name: mount["RW"] for mount in demo.inspect(SERVER)["Mounts"]}
    assert mounts[TUNED] is False
    assert LLM not in mounts


def test_page_and_operator_use_the_key(opened: tuple[Bundle, str], visits: Visits) -> None:
    demo, _ = opened
    assert demo.airgap("chat", "Hello?").stdout.strip()
    page = visits.open()
    ask(page, "What is the door code of the boat house?")
    assert "7294" in answer_of(page)


def test_the_key_shows_nowhere(opened: tuple[Bundle, str]) -> None:
    demo, said = opened
    shown = [demo.docker("inspect", SERVER, AGENT), demo.airgap("logs").stdout, said]
    shown += [demo.docker("top", name, "-eo", "pid,args") for name in (SERVER, AGENT)]
    assert KEY not in "".join(shown)


def test_a_network_of_its_own_is_gone_in_the_end(opened: tuple[Bundle, str]) -> None:
    demo, _ = opened
    assert NETWORK in demo.left()
    assert demo.airgap("down").returncode == 0
    assert demo.left() == ("bridge", "host", "none")
