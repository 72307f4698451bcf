"""Agents reach what ALLOW and LLM_URL name, by one container, and nothing else."""

import os
from pathlib import Path

import pytest

from tests.host.bundle import Bundle

URL = "http://10.0.0.8:8000/v1"


def environ(call: list[str]) -> dict[str, str]:
    pairs = [call[i + 1] for i, word in enumerate(call) if word == "--env"]
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


def test_without_them_there_is_no_way_out(builder: Bundle) -> None:
    builder.run("up")
    assert [path.name for path in builder.docker.glob("network-*")] == ["network-airgap-demo"]
    assert not builder.calls("network", "connect")
    given = environ(builder.created("agentfabric"))
    assert (given["HTTP_PROXY"], given["NO_PROXY"]) == ("", "*")


def test_allow_makes_one_way_that_only_agents_are_told_of(builder: Bundle) -> None:
    done = builder.run("up", AIRGAP_ALLOW="wiki.intranet:80 10.0.0.9:8080")
    assert done.returncode == 0, done.stderr
    assert "wiki.intranet:80 10.0.0.9:8080" in done.stdout
    relay = builder.created("allow")
    assert environ(relay)["ALLOW"] == "wiki.intranet:80 10.0.0.9:8080"
    assert relay[-1] == (builder.root / "lib/relay.py").read_text().rstrip("\n")
    assert "--publish" not in relay and "--dns" not in relay
    for option in ("--read-only", "--user", "--cap-drop"):
        assert option in relay
    outside, inside = builder.calls("network", "connect")[0][2], "airgap-demo"
    assert outside < inside  # Docker takes the way out that sorts first
    (call,) = (call for call in builder.calls("network", "create") if call[-1] == outside)
    assert not any("masquerade" in word for word in call)
    agent, server = environ(builder.created("agentfabric")), environ(builder.created("server"))
    for key in ("HTTP_PROXY", "https_proxy"):
        assert (agent[key], server[key]) == ("http://allow:3128", "")
    assert agent["NO_PROXY"] == "server,localhost,127.0.0.1"

    builder.run("up")
    assert not (builder.docker / "container-airgap-demo-allow").exists()
    assert not (builder.docker / f"network-{outside}").exists()
    assert environ(builder.created("agentfabric"))["HTTP_PROXY"] == ""


def test_another_server_takes_the_place_of_ours(builder: Bundle, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sesame\n")
    builder.run("up")
    settings = {"LLM_URL": URL, "LLM_MODEL": "qwen", "LLM_KEY_FILE": str(key)}
    done = builder.run("up", **{f"AIRGAP_{name}": value for name, value in settings.items()})
    assert done.returncode == 0, done.stderr
    assert f"{URL}  (model qwen)" in done.stdout
    assert not (builder.docker / "container-airgap-demo-server").exists()
    relay, agent = builder.created("allow"), environ(builder.created("agentfabric"))
    assert environ(relay)["LLM_URL"] == URL
    assert relay[relay.index("server") - 1] == "--network-alias"
    assert (agent["LLM_URL"], agent["LLM_MODEL"]) == ("http://server:8000/v1", "qwen")
    assert agent["LLM_API_KEY_FILE"] == "/run/airgap/key"
    assert agent["HTTP_PROXY"] == ""
    assert builder.run("chat", "Who are you?", AIRGAP_LLM_URL=URL, AIRGAP_LLM_MODEL="qwen")
    assert "airgap-demo-allow" in builder.calls("exec")[-1]


def test_certificates_are_this_hosts(builder: Bundle) -> None:
    if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        pytest.skip("this machine has no list of certificates")
    url = "https://models.intranet/gateway/v1"
    assert builder.run("up", AIRGAP_LLM_URL=url, AIRGAP_LLM_MODEL="qwen").returncode == 0
    call = builder.created("allow")
    assert environ(call)["SSL_CERT_FILE"] == "/run/airgap/certificates"
    assert any("ca-certificates.crt" in word and word.endswith(",readonly") for word in call)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"ALLOW": "wiki.intranet"}, 'ALLOW is "wiki.intranet"'),
        ({"ALLOW": "a:80 http://b:80"}, 'ALLOW is "http://b:80"'),
        ({"ALLOW": "*:80"}, "ALLOW is"),
        ({"ALLOW": "a:0"}, 'ALLOW is "a:0"'),
        ({"ALLOW": "127.0.0.1:80"}, "ALLOW names 127.0.0.1, which for a container is"),
        ({"LLM_URL": "http://localhost:8000/v1", "LLM_MODEL": "q"}, "LLM_URL names localhost"),
        ({"LLM_URL": "10.0.0.8:8000/v1", "LLM_MODEL": "q"}, "LLM_URL is"),
        ({"LLM_URL": "http://10.0.0.8:8000", "LLM_MODEL": "q"}, "LLM_URL is"),
        ({"LLM_URL": URL}, 'LLM_MODEL is ""'),
        ({"LLM_MODEL": "q"}, "there is no LLM_URL"),
        ({"LLM_KEY_FILE": "/etc/hostname"}, "there is no LLM_URL"),
        ({"LLM_URL": URL, "LLM_MODEL": "q", "LLM_KEY_FILE": "/nowhere"}, "LLM_KEY_FILE names"),
        ({"LOGIN": "maybe"}, 'LOGIN is "maybe"'),
        ({"CODE_INTERPRETER_DIR": "/nowhere"}, "CODE_INTERPRETER_DIR is"),
    ],
)
def test_a_wrong_setting_is_said(builder: Bundle, settings: dict[str, str], complaint: str) -> None:
    environ = {f"AIRGAP_{key}": value for key, value in settings.items()}
    assert complaint in builder.fails("up", **environ)
    assert builder.calls() == []


def test_other_models_are_served_by_their_folders(builder: Bundle, tmp_path: Path) -> None:
    tuned, embedding = tmp_path / "tuned 模型", tmp_path / "gte"
    for folder, config in ((tuned, "config.json"), (embedding, "configuration.json")):
        folder.mkdir()
        (folder / "model.safetensors").write_text("")
        (folder / config).write_text("{}")
    settings = {"AIRGAP_LLM_DIR": str(tuned), "AIRGAP_EMBEDDING_DIR": str(embedding)}
    assert builder.run("up", **settings).returncode == 0
    server, agent = builder.created("server"), builder.created("agentfabric")
    assert f'type=bind,"source={tuned}",target=/models/llm,readonly' in server
    assert environ(server)["MODEL_DIR"] == "/models/llm"
    assert environ(server)["MODEL_NAME"] == "small-instruct"
    assert f'type=bind,"source={embedding}",target=/models/embedding,readonly' in agent
    assert environ(agent)["EMBEDDING_DIR"] == "/models/embedding"

    builder.docker_says("probe", "read /models/llm/model.safetensors\n")
    assert f"cannot read {tuned}/model.safetensors" in builder.fails("up", **settings)
    (tuned / "config.json").rename(tuned / "adapter_config.json")
    stderr = builder.fails("up", **settings)
    assert "does not look like a model" in stderr and "adapters must be merged" in stderr


def test_another_model_needs_not_the_bundles(builder: Bundle, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_text("")
    (builder.root / "models/small/config.json").unlink()
    assert builder.run("up").returncode == 1
    assert builder.run("up", AIRGAP_LLM_DIR=str(tmp_path)).returncode == 0


def test_the_code_interpreters_folder_is_where_the_guide_sets_it(
    builder: Bundle, tmp_path: Path
) -> None:
    assert builder.run("up", AIRGAP_CODE_INTERPRETER_DIR=str(tmp_path)).returncode == 0
    call = builder.created("agentfabric")
    assert environ(call)["CODE_INTERPRETER_WORK_DIR"] == "/code_interpreter"
    assert f'type=bind,"source={tmp_path}",target=/code_interpreter' in call
    builder.docker_says("probe", "write /code_interpreter\n")
    stderr = builder.fails("up", AIRGAP_CODE_INTERPRETER_DIR=str(tmp_path))
    assert f"cannot write the folder {tmp_path}" in stderr
