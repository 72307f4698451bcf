"""Archives that come back to a host, agents and backups: damaged in any way, or made to do harm."""

import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.airgap.fuzz.mutations import any_or_damaged, damaged, little_memory, tries
from tests.host.bundle import AGENT, HOST


def program(name: str) -> ModuleType:
    """A program of the host as a module, so that each try takes no process of its own."""
    spec = importlib.util.spec_from_file_location(f"host_{name}", HOST / "lib" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


agents, state_files = program("agents"), program("state_files")
ACCOUNT = "agentfabric/config/alice"


def entry(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar of headers as they are given, each with its bytes."""
    blocks = []
    for info, data in entries:
        info.size = info.size or len(data)
        header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
        blocks += [header, data, bytes(-len(data) % 512)]
    return b"".join(blocks) + bytes(1024)


def agent(config: bytes) -> bytes:
    return archive((entry("soup.txt"), b"thyme"), (entry("builder_config.json"), config))


CONFIG = json.dumps({**AGENT, "knowledge": ["/x/soup.txt"]}).encode()


def ended(module: ModuleType, state: Path, given: bytes, *command: str) -> tuple[int, str]:
    """Exit code and last line of a program, as its main part would end."""
    done = subprocess.run(
        [sys.executable, str(module.__file__), str(state), *command],
        input=given,
        capture_output=True,
        timeout=60,
    )
    lines = done.stderr.decode().splitlines() or [""]
    assert "Traceback" not in done.stderr.decode()
    return done.returncode, lines[-1]


def others(folder: Path, *but: str) -> list[str]:
    """What is in the folder and not where it should be."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return [path for path in found if not path.startswith(but)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home") / "state"
    (home / ACCOUNT).mkdir(parents=True)
    return home


@tries(150)
@given(data=st.data(), inside=st.booleans())
def test_an_agent_of_any_kind_is_taken_in_or_refused(
    home: Path, data: st.DataObject, inside: bool
) -> None:
    if inside:
        given = agent(data.draw(damaged(CONFIG)))
    else:
        given = data.draw(any_or_damaged(agent(CONFIG)))
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(given))
    try:
        with little_memory():
            agents.import_(home, "alice", True)
        agents.read_agent(home / ACCOUNT, "alice")
    except (agents.Problem, OSError, tarfile.TarError):
        pass
    finally:
        sys.stdin = stdin
    assert others(home.parent, f"state/{ACCOUNT}", "state/agentfabric") == ["state"]
    assert [path.name for path in (home / ACCOUNT).parent.iterdir()] == ["alice"]


HOSTILE: dict[str, bytes] = {
    "an exabyte aside": archive((entry("a/b", size=1 << 60), b"")),
    "an exabyte of nothing known": archive((entry("b", type=b"Z", size=1 << 60), b"")),
    "holes": archive((entry("b", type=tarfile.GNUTYPE_SPARSE, size=1), b"x")),
    "names of names": archive(*[(entry("x", type=b"L"), b"x\0") for _ in range(2000)]),
    "a name above": archive((entry(".."), b"x")),
    "a file twice": archive((entry("a"), b"x"), (entry("a"), b"y")),
    "lists of lists": agent(b"[" * 100_000),
    "half a letter": agent(b'{"name": "\\ud800"}'),
    "a name that no file has": agent(b'{"name": "x", "avatar": "a\\u0000b"}'),
    "no list of names": agent(b'{"name": "x", "knowledge": 5}'),
    "a number without end": agent(b'{"name": ' + b"9" * 5000 + b"}"),
}


@pytest.mark.parametrize("given", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_archive_that_was_made_to_do_harm_is_refused_at_once(
    tmp_path: Path, given: bytes
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    status, said = ended(agents, state, given, "import", "alice")
    assert status in (1, 3) and said
    assert not list(state.rglob("builder_config.json"))
    status, said = ended(state_files, state, given, "restore", "demo")
    assert status in (1, 3) and said
    assert others(tmp_path, "state/agentfabric") == ["state"]


def backup(changed: dict[str, Any]) -> bytes:
    listed = {
        "airgap-backup": 1,
        "bundle": "demo",
        "entries": [
            {"path": "agentfabric", "mode": 0o700},
            {
                "path": "agentfabric/a",
                "mode": 0o600,
                "size": 5,
                "sha256": state_files.hashlib.sha256(b"thyme").hexdigest(),
            },
        ],
        **changed,
    }
    return archive(
        (entry("agentfabric", type=tarfile.DIRTYPE, mode=0o700), b""),
        (entry("agentfabric/a", mode=0o600), b"thyme"),
        (entry(state_files.LIST), json.dumps(listed).encode()),
    )


@tries(200)
@given(data=st.data())
def test_a_damaged_backup_is_refused_or_is_what_it_was(home: Path, data: st.DataObject) -> None:
    state = home.parent.parent / "restored" / "state"
    state.mkdir(parents=True, exist_ok=True)
    given = data.draw(any_or_damaged(backup({})))
    try:
        with little_memory():
            state_files.restore(state, "demo", io.BytesIO(given))
        assert {p.name for p in state.iterdir()} <= {"agentfabric"}
    except (state_files.Problem, tarfile.TarError, OSError, ValueError, RecursionError):
        # All of which the program says, and then removes what came.
        state_files.clear(state)
    assert others(state.parent, "state") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"airgap-backup": 2},
        {"entries": None},
        {"entries": [None]},
        {"entries": [{"mode": 1}]},
        {"entries": [{"path": "../x", "mode": 448}]},
        {"entries": [{"path": "agentfabric", "mode": "rwx"}]},
        {"bundle": ["demo"]},
    ],
)
def test_a_list_that_no_backup_has_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    state = tmp_path / "state"
    state.mkdir()
    status, said = ended(state_files, state, backup(changed), "restore", "demo")
    assert (status, said.split("\t")[0]) == (3, "problem")
    assert not list(state.rglob("*")) or not [p for p in state.rglob("*") if p.is_file()]
