"""``airgap check`` ends with its sentence, whatever the host's programs and files answer."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.host.checked_host import CARD, CheckedHost
from tests.host.conftest import SHELLS, shell_command

PROBES = (
    "awk cat date df docker getconf grep head id ldd python3.11 sed sort stat timedatectl "
    "timeout tr uname"
).split()


@pytest.mark.parametrize("tool", PROBES)
def test_a_tool_that_fails_ends_nothing(gnu_host: CheckedHost, tool: str) -> None:
    gnu_host.cards(CARD)
    for script in ("exit 1\n", "echo '09 x\\\"{[ $( '; exit 3\n"):
        gnu_host.program(tool, script)
        done = gnu_host.run()
        assert done.stdout.splitlines()[-1].startswith("This host can"), done.stdout


@pytest.mark.parametrize(
    "script", ["exit 1\n", "exit 0\n", 'echo \'09 {"a": [1, \\"x\'\necho 1; exit 0\n']
)
def test_on_a_hostile_host_the_sentence_still_comes(host: CheckedHost, script: str) -> None:
    host.cards(CARD)
    for tool in PROBES:
        host.program(tool, script)
    host.gpu.program("usr/bin/nvidia-smi", script)
    for name in ("proc", "sys", "etc"):
        for path in (host.gpu.root / name).rglob("*"):
            if path.is_file():
                path.write_bytes(b"\x00\xff 08 $(touch /tmp/x) {")
    done = host.run()
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("This host cannot")


def test_a_host_of_which_nothing_can_be_seen(gnu_host: CheckedHost) -> None:
    for tool in (*(set(PROBES) - {"awk", "sed", "grep", "cat", "tr", "head", "id", "sort"}), "df"):
        gnu_host.program(tool, "exit 127\n")
    shutil.rmtree(gnu_host.gpu.root)
    checked = gnu_host.check()
    assert checked.stops == {"docker"}
    for name in ("system", "cpu", "memory", "clock", "forwarding", "disk_image"):
        assert checked.state(name) == "warn"


def test_a_host_on_which_everything_hangs_is_told_of_within_a_minute(tmp_path: Path) -> None:
    """Under both shells at once, as nearly all of the minute is waiting."""

    def check(shell: str) -> str:
        host = CheckedHost(tmp_path / shell, shell_command(shell))
        host.cards(CARD)
        for tool in ("docker", "df", "getconf", "ldd", "python3.11", "timedatectl"):
            host.program(tool, "exec sleep 100\n")
        host.gpu.program("usr/bin/nvidia-smi", "exec sleep 100\n")
        return host.run().stdout

    with ThreadPoolExecutor() as pool:
        for said in pool.map(check, SHELLS):
            assert "gave no answer within" in said
            assert said.splitlines()[-1].startswith("This host cannot")
