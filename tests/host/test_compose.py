"""``airgap compose`` prints, for docker compose, the very containers that ``airgap up`` makes.

So does the ``compose.yaml`` of the bundle, in which compose fills in settings.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.host.bundle import BUNDLE_CONF, Bundle, has

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


def filled_in(text: str, **settings: str) -> str:
    """A file as compose reads it: each ``${NAME:-value}`` replaced."""
    return re.sub(r"(?<!\$)\$\{([A-Z_]+):-([^}]*)}", lambda m: settings.get(m[1]) or m[2], text)


@pytest.fixture
def of_bundle(bundle: Bundle, tmp_path: Path) -> str:
    """The bundle's own file, as the build lets the program write it."""
    root = tmp_path / "build" / "bundle"
    root.mkdir(parents=True)
    for name in ("airgap", "bundle.conf"):
        shutil.copy(bundle.root / name, root)
    shutil.copytree(bundle.root / "lib", root / "lib")
    done = subprocess.run(
        [*bundle.shell, str(root / "airgap"), "bundles-compose"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert str(tmp_path) not in done.stdout
    assert bundle.calls() == []
    return done.stdout


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


def in_place(service: dict[str, Any], root: Path) -> dict[str, Any]:
    """Without what is of one host: compose takes paths from the file's folder on."""
    host = ("airgap.digest=", "airgap.folder=", "airgap.state=", "airgap.passwords=")
    volumes = [{**v, "source": os.path.normpath(root / v["source"])} for v in service["volumes"]]
    labels = [label for label in service["labels"] if not label.startswith(host)]
    security = [option for option in service["security_opt"] if option != "label=disable"]
    environ = [v for v in service["environment"] if not v.endswith("=")]
    changed = {"volumes": volumes, "labels": labels, "security_opt": security}
    return {**service, **changed, "environment": environ}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "SERVER_PORT": "8001",
            "AGENT_LISTEN": "0.0.0.0",
            "AGENT_PORT": "7001",
            "STATE_DIR": "../elsewhere",
            "MAX_MODEL_LEN": "512",
            "KV_CACHE_MEMORY": "64M",
            "DTYPE": "float32",
            "LLM_NAME": "mine",
            "SERVER_MEMORY": "9g",
            "SERVER_ARGS": "--seed 7",
        },
    ],
)
def test_the_bundles_own_file_is_what_is_printed_for_a_host_with_these_settings(
    bundle: Bundle, of_bundle: str, settings: dict[str, str]
) -> None:
    bundle.settings.clear()
    (bundle.root / "airgap.conf").write_text("".join(f"{k}='{v}'\n" for k, v in settings.items()))
    own, printed = parse(filled_in(of_bundle, **settings)), composed(bundle)
    assert own["networks"] == printed["networks"]
    assert set(own["services"]) == {"server", "agent"}
    for name, service in printed["services"].items():
        assert in_place(own["services"][name], bundle.root) == in_place(service, bundle.root)


@pytest.mark.parametrize("shape", ["builder", "cuda"])
def test_other_bundles_have_such_a_file_too(
    bundle: Bundle, builder: Bundle, request: pytest.FixtureRequest, shape: str
) -> None:
    conf = bundle.root / "bundle.conf"
    if shape == "cuda":
        conf.write_text(conf.read_text().replace("'cpu'", "'cuda'"))
    services = parse(filled_in(request.getfixturevalue("of_bundle")))["services"]
    assert set(services) == {"server", "agentfabric"}
    page = services["agentfabric"]
    (passwords,) = (v for v in page["volumes"] if v["target"] == "/run/airgap/passwords")
    assert passwords["source"] == "../demo-state/passwords"
    if shape == "cuda":
        (card,) = services["server"]["deploy"]["resources"]["reservations"]["devices"]
        assert card == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
        assert "TENSOR_PARALLEL=1" in services["server"]["environment"]


def test_a_default_that_compose_would_cut_off_stands_as_it_is(
    bundle: Bundle, request: pytest.FixtureRequest
) -> None:
    given = '{"stop": "$HOME \\n"}'
    with (bundle.root / "bundle.conf").open("a") as conf:
        conf.write(f"GENERATION_CONFIG='{given}'\n")
    text = request.getfixturevalue("of_bundle")
    environ = parse(filled_in(text))["services"]["server"]["environment"]
    assert f"GENERATION_CONFIG={given}" in environ


def test_load_prepares_what_compose_does_not(builder: Bundle) -> None:
    done = builder.run("load")
    assert done.returncode == 0, done.stderr
    assert (builder.state / "agentfabric").is_dir()
    password = (builder.state / "first-password").read_text().strip()
    assert f"local_user  password  {password}" in " ".join(done.stdout.split("\n"))
    assert builder.calls("create") == []


def test_an_image_is_loaded_though_the_state_cannot_be_prepared(bundle: Bundle) -> None:
    bundle.state.write_text("no folder")
    done = bundle.run("load")
    assert done.returncode == 0, done.stderr
    assert str(bundle.state) in done.stderr
    assert "The image is there" in done.stderr


@pytest.fixture
def composed_here(bundle: Bundle) -> str:
    """The bundle's digest, while docker compose serves what the bundle's own file says."""
    digest = bundle.write_manifest()
    assert bundle.run("load").returncode == 0
    for service in ("server", "agent"):
        labels = {
            "airgap.bundle": "demo",
            "com.docker.compose.project": "demo",
            "com.docker.compose.project.working_dir": str(bundle.root),
        }
        known = {"labels": labels, "image": BUNDLE_CONF["IMAGE"], "running": 1}
        bundle.docker_says(f"container-airgap-demo-{service}", json.dumps(known))
    (bundle.docker / "calls").unlink()
    return digest


def test_the_version_that_compose_serves_is_known(bundle: Bundle, composed_here: str) -> None:
    status = bundle.run("status").stdout
    assert f"version                   {composed_here} in {bundle.root}" in status


@pytest.mark.parametrize(
    "arguments", [("up",), ("start", "agent"), ("restart", "agent"), ("stop", "agent")]
)
def test_what_compose_made_is_left_to_it(
    bundle: Bundle, composed_here: str, arguments: tuple[str, ...]
) -> None:
    stderr = bundle.fails(*arguments)
    assert "was made by docker compose (project demo)" in stderr
    assert f'"{bundle.root}/airgap down"' in stderr
    for command in ("rename", "stop", "rm", "create", "start"):
        assert bundle.calls(command) == []


def test_a_restore_leaves_what_compose_made_to_it(
    bundle: Bundle, composed_here: str, tmp_path: Path
) -> None:
    assert bundle.run("backup", str(tmp_path / "backup.tar")).returncode == 0
    before = sorted(bundle.state.parent.iterdir())
    assert "was made by docker compose" in bundle.fails("restore", str(tmp_path / "backup.tar"))
    assert sorted(bundle.state.parent.iterdir()) == before


def test_after_down_the_containers_are_those_of_up(bundle: Bundle, composed_here: str) -> None:
    assert bundle.run("down").returncode == 0
    assert bundle.run("up").returncode == 0
    assert has(bundle.created("agent"), "--label", f"airgap.digest={composed_here}")
