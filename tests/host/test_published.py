"""Agents from AgentFabric's page are published side by side, and survive."""

import json
import os
from pathlib import Path

from tests.host.bundle import AGENT, BUNDLE_CONF, Bundle, configure
from tests.host.published import mounts, options, port_of, served
from tests.ports import free_port


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
    builder.run("publish", "quick", "--runner", "--port", str(own))
    builder.run("publish", "--from", "alice")
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
        assert f'the published agent "{name}" answers at {address}' in status


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


def test_where_nobody_has_an_agent_that_is_said(builder: Bundle) -> None:
    builder.run("up")
    complaint = builder.fails("publish", "--from", "alice")
    assert "(no account has one yet)" in complaint
    configure(builder)
    complaint = builder.fails("publish", "--from", "alice")
    assert "(accounts that have one: local_user)" in complaint
