"""The other commands, and command lines that are wrong."""

import pytest

from tests.host.bundle import Bundle


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["serve"], 'unknown command "serve"'),
        (["up", "--force"], '"up" does not take the argument "--force"'),
        (["verify", "all"], '"verify" does not take the argument "all"'),
        (["chat", "two", "words"], '"chat" does not take the argument "words"'),
        (["chat"], "chat needs a question"),
        (["logs", "database"], 'logs: there is no service "database"'),
        (["logs", "agent", "-f", "-f"], '"logs" does not take the argument "-f"'),
    ],
)
def test_a_wrong_command_line_is_said(bundle: Bundle, arguments: list[str], complaint: str) -> None:
    done = bundle.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert not bundle.calls("create")


@pytest.mark.parametrize("arguments", [[], ["help"], ["-h"], ["--help"]])
def test_help_needs_nothing(bundle: Bundle, arguments: list[str]) -> None:
    done = bundle.run(*arguments, AIRGAP_DOCKER="none")
    assert done.returncode == 0
    for command in ("verify", "load", "up", "run", "status", "logs", "chat", "down"):
        assert f"\n  {command} " in done.stdout


def test_down_removes_containers_and_network_and_keeps_the_rest(bundle: Bundle) -> None:
    bundle.run("up")
    assert bundle.run("down").returncode == 0
    assert not list(bundle.docker.glob("container-*"))
    assert not list(bundle.docker.glob("network-*"))
    assert (bundle.docker / "image").exists()
    assert (bundle.root.parent / "demo-state").exists()
    assert "Nothing of demo is up" in bundle.run("down").stdout


def test_status_tells_what_answers(bundle: Bundle) -> None:
    before = bundle.run("status")
    assert before.returncode == 1
    assert "the model server does not run" in before.stdout
    assert "the image is not loaded" in before.stdout
    bundle.run("up")
    after = bundle.run("status")
    assert after.returncode == 0
    assert f"answers at http://127.0.0.1:{bundle.settings['AIRGAP_AGENT_PORT']}/" in after.stdout


def test_logs_name_the_service_of_each_line(bundle: Bundle) -> None:
    assert 'run "' in bundle.fails("logs")
    bundle.run("up")
    both = "server | RuntimeError: no such kernel\nagent | RuntimeError: no such kernel\n"
    assert bundle.run("logs").stdout == both
    assert bundle.run("logs", "agent").stdout == both.splitlines(keepends=True)[1]
    followed = bundle.run("logs", "-f", "agent")
    assert followed.stdout == both.splitlines(keepends=True)[1]
    assert [call for call in bundle.calls("logs") if "--follow" in call]


def test_chat_keeps_the_question_out_of_the_process_list(bundle: Bundle) -> None:
    assert "the model server is not up" in bundle.fails("chat", "Who are you?")
    bundle.run("up")
    assert bundle.run("chat", "Who are you?").returncode == 0
    assert not [call for call in bundle.calls() if "Who are you?" in " ".join(call)]
