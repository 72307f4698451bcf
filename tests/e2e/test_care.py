"""Backup, restore, report and uninstall, of a second bundle beside the one that the tests share.

It has the demo's files under another name, and only its agent is started; so the demo stays up.
"""

import os
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle, shadow
from tests.e2e.demo import LLM

PORT = 7965
KEY = "a-key-of-the-intranet"
SAID = "Do zebras sleep in the boat house?"


@pytest.fixture(scope="module")
def care(served: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The second bundle, with its agent up."""
    folder = tmp_path_factory.mktemp("care")
    shadow(served.folder, folder / "care")
    conf = (folder / "care" / "bundle.conf").read_text()
    conf = conf.replace("BUNDLE='demo'", "BUNDLE='care'").replace("/airgap/demo:", "/airgap/care:")
    (folder / "care" / "bundle.conf").chmod(0o644)
    (folder / "care" / "bundle.conf").write_text(conf)
    key = folder / "key"
    key.write_text(KEY)
    key.chmod(0o400)
    os.chown(key, 1000, 1000)
    (folder / "care" / "airgap.conf").write_text(
        f"AGENT_PORT={PORT}\nSERVER_PORT=8900\nSERVER_KEY_FILE={key}\n"
        f"SERVER_ARGS='--api-key planted-argument'  # planted-comment\n"
        # The large files of the copy are links, which lead nowhere in a container.
        f"LLM_DIR={served.folder}/models/{LLM}\nEMBEDDING_DIR={served.folder}/models/minilm\n"
    )
    made = Bundle(folder / "care", {"DOCKER_HOST": served.environ["DOCKER_HOST"]})
    done = made.airgap("start", "agent")
    assert done.returncode == 0, done.stdout + done.stderr
    yield made
    made.airgap("uninstall", "--purge", "--yes")


@pytest.fixture(scope="module")
def own_state(care: Bundle) -> Path:
    return care.folder.parent / "care-state"


def page() -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=60) as answer:
        return int(answer.status)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_changed_after_the_backup_is_gone_and_what_was_there_is_back(
    care: Bundle, own_state: Path
) -> None:
    note = own_state / "agent" / "a note 笔记.txt"
    note.write_text("before")
    os.chown(note, 1000, 1000)
    before = contents(own_state)
    assert len(before) > 1, "the agent keeps an index of its knowledge"
    file = care.folder.parent / "backup.tar"
    done = care.airgap("backup", str(file))
    assert done.returncode == 0, done.stderr
    running = care.inspect("airgap-care-agent")["Id"]

    note.write_text("after")
    (own_state / "agent" / "later.txt").write_text("later")
    for index in own_state.rglob("*.index"):
        index.unlink()
    later = contents(own_state)
    damaged = care.folder.parent / "damaged.tar"
    damaged.write_bytes(file.read_bytes().replace(b"before", b"beforf"))
    refused = care.airgap("restore", str(damaged))
    assert refused.returncode == 1
    assert "is damaged" in refused.stderr
    assert contents(own_state) == later
    assert care.inspect("airgap-care-agent")["Id"] == running

    done = care.airgap("restore", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(own_state) == before
    assert page() == 200
    assert care.inspect("airgap-care-agent")["Id"] != running
    made = (path for path in own_state.rglob("*") if path.name != ".airgap-made")
    assert {path.stat().st_uid for path in made} == {1000}
    (aside,) = own_state.parent.glob("care-state.before-restore-*")
    assert contents(aside) == later


def test_a_report_has_no_key_no_password_and_no_chat(care: Bundle, served: Bundle) -> None:
    assert served.airgap("chat", SAID).returncode == 0
    for bundle, logged in (care, "agent"), (served, "server"):
        file = care.folder.parent / f"{bundle.folder.name}-report.tar.gz"
        done = bundle.airgap("report", str(file))
        assert done.returncode == 0, done.stderr
        with tarfile.open(file) as tar:
            found = {
                member.name.partition("/")[2]: stream.read().decode()
                for member in tar
                if (stream := tar.extractfile(member))
            }
        assert found[f"logs/{logged}.txt"].strip()
        assert "Server Version" in found["docker.txt"]
        assert '"' in found["check.json"]
        whole = "\n".join(found.values())
        for secret in (KEY, "planted-argument", "planted-comment", "zebras"):
            assert secret not in whole


def test_uninstall_leaves_nothing_but_the_state_and_purge_not_even_that(
    care: Bundle, served: Bundle, own_state: Path
) -> None:
    kept = contents(own_state)
    done = care.airgap("uninstall")
    assert done.returncode == 0, done.stderr
    assert "airgap-care" not in care.docker("ps", "--all", "--format", "{{.Names}}")
    assert "airgap-care" not in care.docker("network", "ls", "--format", "{{.Name}}")
    assert "care" not in care.docker("image", "ls", "--format", "{{.Repository}}")
    assert contents(own_state) == kept
    assert f'rm -rf "{care.folder}"' in done.stdout

    done = care.airgap("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert not list(own_state.parent.glob("care-state*"))
    assert served.airgap("status").returncode == 0, "the other bundle goes on"
