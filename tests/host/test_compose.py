"""``airgap compose`` prints, for docker compose, the very containers that ``airgap up`` makes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.host.bundle import Bundle

OPTIONS = {
    "--env": "environment",
    "--publish": "ports",
    "--label": "labels",
    "--tmpfs": "tmpfs",
    "--cap-drop": "cap_drop",
    "--security-opt": "security_opt",
    "--dns": "dns",
    "--dns-search": "dns_search",
    "--dns-option": "dns_opt",
    "--user": "user",
    "--memory": "mem_limit",
    "--shm-size": "shm_size",
}
OF_ONE_RUN = ("airgap.run=", "airgap.settings=")


def composed(bundle: Bundle, **environ: str) -> dict[str, Any]:
    """What the file says, read by a parser of YAML, and as compose fills in its variables."""
    done = bundle.run("compose", **environ)
    assert done.returncode == 0, done.stderr
    assert "docker compose up -d" in done.stderr
    return parse(done.stdout)


def parse(text: str) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(text.replace("$$", "$"))
    return value


def given(call: list[str], option: str) -> list[str]:
    return [call[i + 1] for i, word in enumerate(call) if word == option]


@pytest.mark.parametrize("service", ["server", "agent"])
def test_a_service_is_what_up_makes(bundle: Bundle, tmp_path: Path, service: str) -> None:
    key = tmp_path / 'a "key", \\ $HOME 钥匙'
    key.write_text("sesame\n")
    settings = {"AIRGAP_SERVER_KEY_FILE": str(key), "AIRGAP_SERVER_ARGS": '--seed "$1" \\ 引号'}
    described = composed(bundle, **settings)["services"][service]
    assert bundle.calls("create") == []
    assert bundle.run("up", **settings).returncode == 0
    call = bundle.created(service)
    for option, key_of_compose in OPTIONS.items():
        found = described.get(key_of_compose, [])
        expected = [v for v in given(call, option) if not v.startswith(OF_ONE_RUN)]
        assert sorted([found] if isinstance(found, str) else found) == sorted(expected), option
    assert [described["read_only"], described["init"]] == [True, True]
    assert given(call, "--pids-limit") == [str(described["pids_limit"])]
    mounts = []
    for volume in described["volumes"]:
        source = volume["source"].replace('"', '""')
        end = ",readonly" if volume.get("read_only") else ""
        mounts.append(f'type=bind,"source={source}",target={volume["target"]}{end}')
    assert mounts == given(call, "--mount")
    at = call.index("--entrypoint")
    assert described["entrypoint"] == [call[at + 1]]
    assert described["image"] == call[at + 2]
    assert described["command"] == call[at + 3 :]
    assert described["container_name"] == f"airgap-demo-{service}"
    assert described["networks"] == {"airgap-demo": {"aliases": [service]}}


def test_the_network_is_the_closed_one(bundle: Bundle) -> None:
    network = composed(bundle)["networks"]["airgap-demo"]
    assert network["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


def test_a_program_that_runs_by_its_text_comes_whole(bundle: Bundle) -> None:
    described = composed(bundle, AIRGAP_ALLOW="wiki.lan:8080")
    allow = described["services"]["allow"]
    relay = (bundle.root / "lib/relay.py").read_text().rstrip("\n")
    assert allow["command"] == ["-c", relay]
    assert set(allow["networks"]) == {"airgap-demo", "airgap--demo-out"}
    assert "driver_opts" not in described["networks"]["airgap--demo-out"]


def test_what_is_said_is_not_in_the_file(bundle: Bundle) -> None:
    (bundle.docker / "image").unlink(missing_ok=True)
    done = bundle.run("compose")
    assert done.stdout.startswith("services:\n"), done.stdout + done.stderr


def test_nothing_is_printed_where_something_is_wrong(bundle: Bundle) -> None:
    done = bundle.run("compose", AIRGAP_SERVER_PORT="ninety")
    assert done.returncode == 1
    assert done.stdout == ""
