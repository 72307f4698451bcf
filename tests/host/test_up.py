"""``airgap up`` starts two closed containers once, and says what stands in its way."""

import os
import shutil
import socket
import tarfile
from pathlib import Path

import pytest

from tests.host.bundle import BUNDLE_CONF, Bundle, has

CLOSED = [
    ["--user", "1000:1000"],
    ["--read-only"],
    ["--cap-drop", "ALL"],
    ["--security-opt", "no-new-privileges"],
    ["--init"],
    ["--network", "airgap-demo"],
    ["--dns", "0.0.0.0"],
    ["--env", "HTTP_PROXY="],
    ["--env", "https_proxy="],
    ["--env", "NO_PROXY=*"],
    ["--log-opt", "max-size=10m"],
]


@pytest.mark.parametrize("service", ["server", "agent"])
def test_containers_are_closed_in(bundle: Bundle, service: str) -> None:
    assert bundle.run("up").returncode == 0
    call = bundle.created(service)
    assert [option for option in CLOSED if not has(call, *option)] == []
    mounts = [call[i + 1] for i, word in enumerate(call) if word == "--mount"]
    writable = [mount for mount in mounts if not mount.endswith(",readonly")]
    state = f"{bundle.root.parent}/demo-state/agent"
    expected = [f'type=bind,"source={state}",target=/state'] if service == "agent" else []
    assert writable == expected


def test_where_docker_minds_selinux_the_files_can_be_read_as_they_are(bundle: Bundle) -> None:
    bundle.docker_says("info-SecurityOptions", "[name=seccomp,profile=default name=selinux]")
    assert bundle.run("up").returncode == 0
    for call in [bundle.created("server"), bundle.created("agent"), *bundle.calls("run")]:
        assert has(call, "--security-opt", "label=disable")


def test_the_network_has_no_way_out_but_publishes(bundle: Bundle) -> None:
    bundle.run("up")
    (call,) = bundle.calls("network", "create")
    assert has(call, "--opt", "com.docker.network.bridge.enable_ip_masquerade=false")
    assert "--internal" not in call


def test_addresses_are_loopback_by_default(bundle: Bundle) -> None:
    done = bundle.run("up")
    server, agent = (bundle.settings[f"AIRGAP_{key}_PORT"] for key in ("SERVER", "AGENT"))
    assert has(bundle.created("server"), "--publish", f"127.0.0.1:{server}:8000")
    assert has(bundle.created("agent"), "--publish", f"127.0.0.1:{agent}:7865")
    assert f"http://127.0.0.1:{server}/v1" in done.stdout
    assert f"http://127.0.0.1:{agent}/" in done.stdout
    assert "AGENT_LISTEN=0.0.0.0" in done.stdout


def test_the_key_is_mounted_and_told_to_nobody(bundle: Bundle, tmp_path: Path) -> None:
    key = tmp_path / 'a "key", here'
    key.write_text("sesame-42\n")
    done = bundle.run("up", AIRGAP_SERVER_LISTEN="0.0.0.0", AIRGAP_SERVER_KEY_FILE=str(key))
    assert done.returncode == 0, done.stderr
    quoted = str(key).replace('"', '""')
    mount = f'type=bind,"source={quoted}",target=/run/airgap/key,readonly'
    for service, name in (("server", "API_KEY_FILE"), ("agent", "LLM_API_KEY_FILE")):
        assert has(bundle.created(service), "--mount", mount)
        assert has(bundle.created(service), "--env", f"{name}=/run/airgap/key")
    assert "sesame" not in done.stdout + (bundle.docker / "calls").read_text()


def test_a_second_up_changes_nothing(bundle: Bundle) -> None:
    bundle.run("up")
    done = bundle.run("up")
    assert done.returncode == 0
    assert "is up" in done.stdout
    assert [len(bundle.calls(*word)) for word in (["load"], ["create"], ["rm"])] == [1, 2, 0]


def test_a_changed_setting_replaces_only_what_it_concerns(bundle: Bundle) -> None:
    bundle.run("up")
    bundle.run("up", AIRGAP_SERVER_MEMORY="9g")
    assert [call[2] for call in bundle.calls("create")] == [
        "airgap-demo-server",
        "airgap-demo-agent",
        "airgap-demo-server",
    ]
    assert bundle.calls("rm") == [["rm", "-f", "airgap-demo-server"]]


def test_a_new_bundle_replaces_both(bundle: Bundle) -> None:
    bundle.run("up")
    (bundle.root / "README.txt").write_text("new")
    bundle.write_manifest()
    bundle.run("up")
    assert len(bundle.calls("create")) == 4


@pytest.mark.parametrize("key", ["IMAGE_ID", "IMAGE_MANIFEST"])
def test_an_image_that_docker_has_is_not_loaded(bundle: Bundle, key: str) -> None:
    bundle.docker_says("image", BUNDLE_CONF[key])
    assert bundle.run("load").returncode == 0
    assert bundle.calls("load") == []


def test_the_image_is_streamed_whole(bundle: Bundle) -> None:
    bundle.docker_says("image", "sha256:" + "9" * 64)
    assert bundle.run("load").returncode == 0
    with tarfile.open(bundle.docker / "loaded.tar") as tar:
        names = [member.name.removeprefix("./") for member in tar if member.isfile()]
    assert sorted(names) == ["blobs/sha256/ab", "index.json"]


def test_another_image_than_the_bundles_is_refused_and_removed(bundle: Bundle) -> None:
    bundle.docker_says("loads", "sha256:" + "9" * 64)
    assert f'has the id "{"9" * 64}"' in bundle.fails("up")
    assert bundle.calls("image", "rm") and not bundle.calls("create")


def test_no_docker(bundle: Bundle) -> None:
    stderr = bundle.fails("up", AIRGAP_DOCKER="docker-that-is-not-there")
    assert 'there is no command "docker-that-is-not-there"' in stderr
    assert not (bundle.root.parent / "demo-state").exists()


def test_no_daemon(bundle: Bundle) -> None:
    bundle.docker_says("version-error", "Cannot connect to the Docker daemon at unix:///x.")
    assert "systemctl start docker" in bundle.fails("up")


def test_no_right_to_use_docker(bundle: Bundle) -> None:
    bundle.docker_says("version-error", "dial unix /var/run/docker.sock: permission denied")
    assert "group docker" in bundle.fails("up")


@pytest.mark.parametrize(
    ("held", "listen"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "0.0.0.0")]
)
def test_a_port_in_use(bundle: Bundle, held: str, listen: str) -> None:
    family = socket.AF_INET6 if ":" in held else socket.AF_INET
    try:
        holder = socket.create_server((held, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {held}")
    with holder:
        port = holder.getsockname()[1]
        stderr = bundle.fails("up", AIRGAP_AGENT_PORT=str(port), AIRGAP_AGENT_LISTEN=listen)
    assert f"port {port} of {listen} is in use" in stderr
    assert "AGENT_PORT" in stderr
    assert not bundle.calls("create") and not bundle.calls("network", "create")


def test_a_port_that_only_docker_knows_to_be_in_use(bundle: Bundle) -> None:
    bundle.docker_says("create-error", "Bind for 127.0.0.1:8000 failed: port is already allocated")
    assert f"port {bundle.settings['AIRGAP_SERVER_PORT']} of" in bundle.fails("up")
    assert not list(bundle.docker.glob("network-*"))


def test_another_address_of_the_same_port_is_no_hindrance(bundle: Bundle) -> None:
    with socket.create_server(("127.0.0.2", 0)) as holder:
        port = holder.getsockname()[1]
        assert bundle.run("up", AIRGAP_AGENT_PORT=str(port)).returncode == 0


@pytest.mark.parametrize("folder", ["models/small", "models/minilm", "agents/example"])
def test_a_missing_folder(bundle: Bundle, folder: str) -> None:
    shutil.rmtree(bundle.root / folder)
    assert f"there is no folder {bundle.root / folder}" in bundle.fails("up")
    assert not bundle.calls("load")


@pytest.mark.parametrize("name", ["models/small/weights 权重.safetensors", "image/blobs/sha256/ab"])
def test_a_truncated_file(bundle: Bundle, name: str) -> None:
    os.truncate(bundle.root / name, 7)
    stderr = bundle.fails("up")
    assert f"wrong size  {name}" in stderr
    assert not bundle.calls("load") and not bundle.calls("create")


def test_what_does_not_run_need_not_have_been_carried_over(bundle: Bundle) -> None:
    (bundle.root / "README.txt").unlink()
    assert bundle.run("up").returncode == 0


def test_a_state_folder_that_cannot_be_made(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("file", "file/state"):
        stderr = bundle.fails("up", AIRGAP_STATE_DIR=str(tmp_path / place))
        assert f"making the state folder {tmp_path / place}" in stderr
    assert not bundle.calls("load")


@pytest.mark.parametrize(
    ("probe", "complaint"),
    [
        ("write /state/agent\n", "demo-state/agent"),
        ("read /models/small/config.json\n", "demo/models/small/config.json"),
        ("read /agent/知识 文件.txt\n", "demo/agents/example/知识 文件.txt"),
        ("OCI runtime create failed\n", "OCI runtime create failed"),
    ],
)
def test_access_is_asked_of_a_container(bundle: Bundle, probe: str, complaint: str) -> None:
    bundle.docker_says("probe", probe)
    assert complaint in bundle.fails("up")
    assert not bundle.calls("create")


def test_only_an_empty_state_folder_changes_its_owner(bundle: Bundle) -> None:
    bundle.docker_says("probe", "write /state/agent\n")
    (bundle.root.parent / "demo-state" / "agent").mkdir(parents=True)
    (bundle.root.parent / "demo-state" / "agent" / "mine").write_text("")
    bundle.fails("up")
    assert not [call for call in bundle.calls("run") if "CHOWN" in call]
    (bundle.root.parent / "demo-state" / "agent" / "mine").unlink()
    bundle.fails("up")
    assert [call for call in bundle.calls("run") if "CHOWN" in call]


@pytest.mark.parametrize(
    ("code", "complaint"),
    [("1", "ended by itself with exit code 1"), ("137", "more memory than SERVER_MEMORY allows")],
)
def test_a_service_that_ends_leaves_its_log_and_nothing_else(
    bundle: Bundle, code: str, complaint: str
) -> None:
    bundle.docker_says("exit", code)
    stderr = bundle.fails("up")
    assert complaint in stderr
    assert "  | RuntimeError: no such kernel" in stderr
    assert not list(bundle.docker.glob("container-*"))
    assert not list(bundle.docker.glob("network-*"))


def test_a_relative_path_starts_at_the_bundle(bundle: Bundle) -> None:
    bundle.run("up", AIRGAP_STATE_DIR="../elsewhere")
    assert (bundle.root.parent / "elsewhere" / "agent").is_dir()


def test_errors_in_chinese_by_locale(bundle: Bundle) -> None:
    bundle.docker_says("version-error", "Cannot connect")
    assert "处理：" in bundle.fails("up", LANG="zh_CN.UTF-8")
    assert "处理：" in bundle.fails("up", LANG="en_US.UTF-8", LC_ALL="zh_CN.UTF-8")
    assert "to do:" in bundle.fails("up", LANG="zh_CN.UTF-8", LC_MESSAGES="en_US.UTF-8")
