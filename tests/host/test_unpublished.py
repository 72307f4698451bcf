"""What cannot be published or carried is said, and changes nothing."""

import shutil
import socket

import pytest

from tests.host.bundle import Bundle, configure
from tests.host.published import port_of, served


def test_an_agent_that_does_not_start_is_not_published(builder: Bundle) -> None:
    configure(builder)
    builder.run("up")
    builder.docker_says("exit-airgap-demo-agent-cook", "1")
    assert 'the published agent "cook": it ended by itself' in builder.fails("publish", "cook")
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
    assert f'AgentFabric and the published agent "cook" have the same port {port}' in stderr


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
