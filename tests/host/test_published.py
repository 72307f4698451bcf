"""Agents from AgentFabric's page are published side by side, survive, and can be carried away."""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.host.bundle import AGENT, BUNDLE_CONF, Bundle, configure, free_port


def options(call: list[str], option: str) -> list[str]:
    return [call[i + 1] for i, word in enumerate(call) if word == option]


def mounts(call: list[str]) -> dict[str, str]:
    """Source by target; a read-only target ends in ``,readonly``."""
    pairs = (mount.partition(",target=") for mount in options(call, "--mount"))
    return {target: source.partition("source=")[2].rstrip('"') for source, _, target in pairs}


def served(builder: Bundle, name: str) -> Path:
    """The copy of the agent that the container of a published one sees."""
    return Path(mounts(builder.created(f"agent-{name}"))["/state/config"]) / "local_user"


def port_of(builder: Bundle, name: str) -> int:
    (publish,) = options(builder.created(f"agent-{name}"), "--publish")
    return int(publish.split(":")[1])


def test_the_configured_agent_is_served_as_the_guide_does(builder: Bundle) -> None:
    builder.run("up")
    configure(builder)
    done = builder.run("publish")
    assert done.returncode == 0, done.stderr
    call = builder.created("agent-agent")
    port = builder.settings["AIRGAP_AGENT_PORT"]
    assert options(call, "--publish") == [f"127.0.0.1:{port}:7865"]
    assert f"http://127.0.0.1:{port}/" in done.stdout
    assert call[-4:] == [BUNDLE_CONF["IMAGE"], "-m", "agentfabric_offline", "bot"]
    assert "/opt/agentfabric/bin/python" in call
    environ = options(call, "--env")
    for setting in ("STATE_DIR=/state", "PASSWORD_FILE=/run/airgap/passwords", "PORT=7865"):
        assert setting in environ
    config = json.loads((served(builder, "agent") / "builder_config.json").read_text())
    assert config == {**AGENT, "knowledge": ["/state/config/local_user/菜谱 1.txt"]}
    assert sorted(os.listdir(served(builder, "agent"))) == [
        "builder_config.json",
        "face.png",
        "菜谱 1.txt",
    ]


def test_later_work_in_the_page_is_published_when_asked_and_not_before(builder: Bundle) -> None:
    folder = configure(builder)
    builder.run("publish", "cook")
    before = served(builder, "cook")
    (builder.state / "published/cook/state/history").mkdir()
    configure(builder, instruction="Bake.")
    (folder / "菜谱 1.txt").write_text("Sugar.")
    builder.run("up")
    assert served(builder, "cook") == before
    assert "thyme" in (before / "菜谱 1.txt").read_text()
    assert builder.run("publish", "cook").returncode == 0
    assert "Sugar" in (served(builder, "cook") / "菜谱 1.txt").read_text()
    assert "Bake" in (served(builder, "cook") / "builder_config.json").read_text()
    assert (builder.state / "published/cook/state/history").is_dir()
    builder.run("publish", "cook")
    assert not before.exists()


def test_several_are_served_side_by_side_each_with_its_port(builder: Bundle) -> None:
    configure(builder)
    configure(builder, "alice", name="Alice's")
    own = free_port()
    builder.run("publish")
    builder.run("publish", "--from", "alice")
    builder.run("publish", "quick", "--runner", "--port", str(own))
    first = int(builder.settings["AIRGAP_AGENT_PORT"])
    assert port_of(builder, "agent") == first
    assert port_of(builder, "alice") > first
    assert port_of(builder, "quick") == own
    assert json.loads((served(builder, "alice") / "builder_config.json").read_text())[
        "knowledge"
    ] == ["/state/config/local_user/菜谱 1.txt"]
    status = builder.run("status").stdout
    for name in ("agent", "alice", "quick"):
        address = f"http://127.0.0.1:{port_of(builder, name)}/"
        assert f"the published agent {name} answers at {address}" in status


def test_agent_runner_serves_on_request(builder: Bundle) -> None:
    configure(builder)
    builder.run("publish", "quick", "--runner")
    call = builder.created("agent-quick")
    assert call[-3:] == [BUNDLE_CONF["IMAGE"], "-m", "agent_runner"]
    assert "/opt/agent/bin/python" in call
    folder = Path(mounts(call)["/agent,readonly"])
    assert (folder / "builder_config.json").is_file()
    assert "AGENT_DIR=/agent" in options(call, "--env")
    assert "PASSWORD_FILE=/run/airgap/passwords" in options(call, "--env")


def test_a_bundle_without_agent_runner_says_so(builder: Bundle) -> None:
    conf = builder.root / "bundle.conf"
    conf.write_text(conf.read_text().replace("AGENT_STACK='agent'\n", ""))
    configure(builder)
    assert "has no agent_runner" in builder.fails("publish", "--runner")
    assert not (builder.state / "published/agent").exists()


def test_what_was_published_survives_down_and_an_upgrade(builder: Bundle) -> None:
    configure(builder)
    port = free_port()
    builder.run("publish", "cook", "--runner", "--port", str(port))
    builder.run("down")
    (builder.root / "README.txt").write_text("another image")
    builder.write_manifest()
    assert builder.run("up").returncode == 0
    assert len(builder.calls("create", "--name", "airgap-demo-agent-cook")) == 2
    assert port_of(builder, "cook") == port
    builder.run("publish", "cook")
    assert builder.created("agent-cook")[-1] == "agent_runner"
    assert port_of(builder, "cook") == port


def test_the_page_can_be_stopped_and_the_published_agent_goes_on(builder: Bundle) -> None:
    configure(builder)
    builder.run("up")
    builder.run("publish", "cook")
    assert builder.run("stop", "agentfabric").returncode == 0
    left = {path.name for path in builder.docker.glob("container-*")}
    assert left == {"container-airgap-demo-server", "container-airgap-demo-agent-cook"}
    assert "AgentFabric does not run" in builder.run("status").stdout
    assert "AgentFabric is not up" in builder.fails("stop", "agentfabric")
    builder.run("publish", "cook")
    assert not (builder.docker / "container-airgap-demo-agentfabric").exists()
    assert builder.run("start", "agentfabric").returncode == 0
    assert (builder.docker / "container-airgap-demo-agentfabric").exists()
    builder.run("stop", "agent-cook")
    builder.run("up")
    assert (builder.docker / "container-airgap-demo-agent-cook").exists()
    creations = len(builder.calls("create"))
    assert builder.run("restart", "agent-cook").returncode == 0
    assert len(builder.calls("create")) == creations + 1


def test_run_ends_when_a_service_ends_by_itself_and_not_when_it_is_stopped(builder: Bundle) -> None:
    configure(builder)
    builder.run("publish", "cook")
    with builder.start("run") as running:
        assert running.stdout
        while "Ctrl-C" not in running.stdout.readline():
            assert running.poll() is None
        builder.run("stop", "agentfabric")
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(5)
        builder.docker_says("exit-airgap-demo-agent-cook", "1")
        said, complaint = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "the published agent cook ended by itself" in complaint
    assert not list(builder.docker.glob("container-*"))


def test_run_goes_on_when_another_container_takes_the_place_of_one(builder: Bundle) -> None:
    configure(builder)
    with builder.start("run") as running:
        assert running.stdout
        while "Ctrl-C" not in running.stdout.readline():
            assert running.poll() is None
        builder.docker_says("exit-airgap-demo-agentfabric", "1")
        # Longer than between two looks.
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(5)
        (builder.docker / "exit-airgap-demo-agentfabric").unlink()
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(10)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 0


def test_unpublishing_removes_container_and_state(builder: Bundle) -> None:
    configure(builder)
    builder.run("up")
    builder.run("publish", "cook")
    assert builder.run("unpublish", "cook").returncode == 0
    assert not (builder.state / "published/cook").exists()
    assert not (builder.docker / "container-airgap-demo-agent-cook").exists()
    assert "no published agent cook" in builder.fails("unpublish", "cook")
    builder.run("up")
    assert len(builder.calls("create", "--name", "airgap-demo-agent-cook")) == 1


def test_an_agent_that_does_not_start_is_not_published(builder: Bundle) -> None:
    configure(builder)
    builder.run("up")
    builder.docker_says("exit-airgap-demo-agent-cook", "1")
    assert "the published agent cook: it ended by itself" in builder.fails("publish", "cook")
    builder.docker_says("exit-airgap-demo-agent-cook", "")
    assert "cook" not in builder.run("status").stdout
    assert builder.run("publish", "cook").returncode == 0


def test_a_new_version_that_does_not_start_leaves_the_old_one_published(builder: Bundle) -> None:
    configure(builder)
    builder.run("publish", "cook")
    before = served(builder, "cook")
    builder.docker_says("exit-airgap-demo-agent-cook", "1")
    assert "start agent-cook" in builder.fails("publish", "cook")
    builder.docker_says("exit-airgap-demo-agent-cook", "")
    assert builder.run("start", "agent-cook").returncode == 0
    assert served(builder, "cook") == before


def test_a_port_that_is_in_use(builder: Bundle) -> None:
    configure(builder)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        stderr = builder.fails("publish", "cook", "--port", port)
        assert f"port {port} of 127.0.0.1 is in use" in stderr and "cook --port PORT" in stderr
        done = builder.run("publish", AIRGAP_AGENT_PORT=port)
        assert done.returncode == 0 and port_of(builder, "agent") > int(port)
    port = builder.settings["AIRGAP_BUILDER_PORT"]
    stderr = builder.fails("publish", "cook", "--port", port)
    assert f"AgentFabric and the published agent cook have the same port {port}" in stderr


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("nothing", "none was configured"),
        ("template", "none was configured"),
        ("json", "builder_config.json is malformed"),
        ("list", "builder_config.json is malformed"),
        ("knowledge", 'knowledge file "菜谱 1.txt" is missing'),
        ("link", 'knowledge file "菜谱 1.txt" is missing'),
        ("folder", "none was configured"),
    ],
)
def test_what_cannot_be_published_is_said(builder: Bundle, broken: str, complaint: str) -> None:
    folder = configure(builder)
    configure(builder, "alice")
    config = folder / "builder_config.json"
    match broken:
        case "nothing":
            shutil.rmtree(folder)
        case "template":
            configure(builder, name="", description="", instruction="", knowledge=[])
        case "json":
            config.write_text("{")
        case "list":
            config.write_text("[]")
        case "knowledge":
            (folder / "菜谱 1.txt").unlink()
        case "link":
            (folder / "菜谱 1.txt").unlink()
            (folder / "菜谱 1.txt").symlink_to("/etc/passwd")
        case "folder":
            folder.rename(folder.with_name("away"))
            folder.symlink_to("away")
    stderr = builder.fails("publish")
    assert complaint in stderr
    assert "Traceback" not in stderr
    if complaint.startswith("none"):
        assert "alice" in stderr
    assert not builder.calls("create")


def test_an_agent_is_carried_to_another_host(builder: Bundle, tmp_path: Path) -> None:
    source = configure(builder)
    (source / "openapi_plugin_config.json").write_text('{"auth": {"apikey": "k"}}')
    folder = tmp_path / "my agent 智能体"
    done = builder.run("export", f"{folder}/")
    assert done.returncode == 0, done.stderr
    assert "key" in done.stdout
    assert sorted(os.listdir(folder)) == [
        "builder_config.json",
        "face.png",
        "openapi_plugin_config.json",
        "菜谱 1.txt",
    ]
    exported = json.loads((folder / "builder_config.json").read_text())
    assert exported == {**AGENT, "knowledge": ["菜谱 1.txt"]}
    assert "is there already" in builder.fails("export", str(folder))

    shutil.rmtree(builder.state)
    assert builder.run("import", str(folder), "--to", "bob").returncode == 0
    target = builder.state / "agentfabric/config/bob"
    assert sorted(os.listdir(target)) == sorted(os.listdir(folder))
    assert os.listdir(target.parent) == ["bob"]
    config = json.loads((target / "builder_config.json").read_text())
    assert config == {**AGENT, "knowledge": ["/state/config/bob/菜谱 1.txt"]}
    assert (target / "菜谱 1.txt").read_text() == (folder / "菜谱 1.txt").read_text()
    assert builder.run("publish", "--from", "bob").returncode == 0


def test_a_published_agent_can_be_exported(builder: Bundle, tmp_path: Path) -> None:
    configure(builder)
    builder.run("publish", "cook")
    shutil.rmtree(builder.state / "agentfabric/config")
    assert builder.run("export", str(tmp_path / "a"), "--published", "cook").returncode == 0
    assert (tmp_path / "a" / "菜谱 1.txt").is_file()
    assert "no published agent other" in builder.fails(
        "export", str(tmp_path / "b"), "--published", "other"
    )
    assert os.listdir(tmp_path / "a") and not (tmp_path / "b").exists()


def test_an_import_replaces_nothing_unasked(builder: Bundle, tmp_path: Path) -> None:
    target = configure(builder)
    builder.run("export", str(tmp_path / "a"))
    configure(builder, instruction="Later work.")
    (target / "openapi_plugin_config.json").write_text("{}")
    before = (target / "builder_config.json").read_text()
    assert "has an agent already" in builder.fails("import", str(tmp_path / "a"))
    assert (target / "builder_config.json").read_text() == before
    assert builder.run("import", str(tmp_path / "a"), "--replace").returncode == 0
    assert "Later work" not in (target / "builder_config.json").read_text()
    assert not (target / "openapi_plugin_config.json").exists()


def test_an_import_takes_only_what_the_agent_names(builder: Bundle, tmp_path: Path) -> None:
    configure(builder)
    folder = tmp_path / "a"
    builder.run("export", str(folder))
    (folder / "other.txt").write_text("")
    (folder / "sub").mkdir()
    (folder / "sub" / "菜谱 1.txt").write_text("not this one")
    assert builder.run("import", str(folder), "--to", "bob").returncode == 0
    target = builder.state / "agentfabric/config/bob"
    assert sorted(os.listdir(target)) == ["builder_config.json", "face.png", "菜谱 1.txt"]
    assert "thyme" in (target / "菜谱 1.txt").read_text()
    (folder / "菜谱 1.txt").unlink()
    assert "is missing" in builder.fails("import", str(folder), "--to", "eve")
    assert "holds no readable builder_config.json" in builder.fails("import", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["publish", "Cook"], '"Cook" cannot be the name'),
        (["publish", "厨师"], "cannot be the name"),
        (["publish", "../x"], "cannot be the name"),
        (["publish", "a" * 33], "cannot be the name"),
        (["publish", "--from", "user"], "cannot be the name"),
        (["publish", "--from"], "--from needs a value"),
        (["publish", "a", "b"], 'does not take the argument "b"'),
        (["publish", "--force"], 'does not take the argument "--force"'),
        (["publish", "--port", "0"], 'the port is "0"'),
        (["unpublish"], "unpublish needs a name"),
        (["export"], "export needs a folder"),
        (["import", "--replace"], "import needs a folder"),
        (["password", "user"], "cannot be the name"),
        (["stop"], "stop needs a name"),
        (["stop", "database"], "one of server agentfabric"),
    ],
)
def test_a_wrong_command_line_is_said(
    builder: Bundle, arguments: list[str], complaint: str
) -> None:
    done = builder.run(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert not builder.state.exists()


@pytest.mark.parametrize("command", [["publish"], ["export", "x"], ["password"]])
def test_a_bundle_without_agentfabric_says_so(bundle: Bundle, command: list[str]) -> None:
    assert "has no AgentFabric" in bundle.fails(*command)


def test_a_kill_while_publishing_leaves_what_was_published(builder: Bundle) -> None:
    configure(builder)
    builder.run("publish", "cook")
    home = builder.state / "published/cook"
    (home / "publish.conf.new").write_text("PUBLISHED_PO")
    (home / "config-20200101T000000-0000" / "local_user").mkdir(parents=True)
    half = builder.state / "published/other"
    (half / "config-20200101T000000-0000").mkdir(parents=True)
    before = served(builder, "cook")
    assert builder.run("up").returncode == 0
    assert served(builder, "cook") == before
    assert "other" not in builder.run("status").stdout
    assert builder.run("publish", "other").returncode == 0
    builder.run("publish", "cook")
    assert {path.name for path in home.glob("config-*")} == {
        before.parent.name,
        served(builder, "cook").parent.name,
    }


def test_an_exported_name_is_what_any_tar_reads(builder: Bundle, tmp_path: Path) -> None:
    long = "很" * 60 + ".txt"
    folder = configure(builder, knowledge=[f"/state/config/local_user/{long}"])
    (folder / long).write_text("long")
    assert builder.run("export", str(tmp_path / "a")).returncode == 0
    assert (tmp_path / "a" / long).read_text() == "long"
    assert builder.run("import", str(tmp_path / "a"), "--to", "bob").returncode == 0
