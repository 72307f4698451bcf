"""Docker starts what answered again, and not what never did."""

from pathlib import Path

from tests.host.bundle import Bundle, configure
from tests.host.test_run import running


def policies(bundle: Bundle) -> set[str | None]:
    return {known.get("restart") for known in bundle.containers.values()}


def test_containers_come_back_once_they_answered(bundle: Bundle) -> None:
    assert bundle.run("up").returncode == 0
    assert policies(bundle) == {"unless-stopped"}
    assert not [call for call in bundle.calls("create") if "--restart" in call]


def test_one_that_ends_at_its_start_is_told_and_not_started_again(bundle: Bundle) -> None:
    bundle.docker_says("exit-airgap-demo-agent", "3")
    assert "ended by itself with exit code 3" in bundle.fails("up")
    assert [call for call in bundle.calls("update") if "unless-stopped" in call] == []


def test_one_that_no_longer_answers_is_told_when_it_ends(bundle: Bundle) -> None:
    bundle.run("up")
    bundle.docker_says("exit-airgap-demo-agent", "3")
    assert "ended by itself with exit code 3" in bundle.fails("up")
    last = [call for call in bundle.calls("update") if "airgap-demo-agent" in call][-1]
    assert last == ["update", "--restart", "no", "airgap-demo-agent"]


def test_run_watches_over_its_services_itself(builder: Bundle) -> None:
    configure(builder)
    builder.run("up")
    with running(builder):
        assert policies(builder) == {"no"}


def test_a_docker_that_cannot_is_no_hindrance(bundle: Bundle) -> None:
    bundle.docker_says("update-error", "unknown flag: --restart")
    done = bundle.run("up")
    assert done.returncode == 0
    assert "will not come back by themselves" in done.stderr
    assert "unknown flag: --restart" in done.stderr


def test_a_restart_that_cannot_be_leaves_what_runs(builder: Bundle, tmp_path: Path) -> None:
    assert builder.run("up").returncode == 0
    before = builder.containers
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    certificate.write_text("a renewed certificate that was cut")
    key.write_text("its key")
    tls = {"AIRGAP_TLS_CERT": str(certificate), "AIRGAP_TLS_KEY": str(key)}
    assert f"{certificate}" in builder.fails("restart", "agentfabric", **tls)
    assert builder.containers == before
