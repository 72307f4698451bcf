"""``airgap check`` says before anything is copied whether this host can run the bundle."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.host import docker_answers
from tests.host.bundle import BUNDLE_CONF
from tests.host.checked_host import CARD, CheckedHost, everything_below


def test_nothing_is_wrong_and_the_last_line_says_so(host: CheckedHost) -> None:
    done = host.run()
    *lines, sentence = done.stdout.splitlines()
    assert done.returncode == 0
    assert sentence == "This host can run demo with a context of 8192 tokens (warnings: 0)."
    assert [line for line in lines if not line.startswith("ok    ")] == []
    assert len(lines) > 10
    assert "GPU" not in done.stdout


def test_in_chinese(host: CheckedHost) -> None:
    host.memory(3, 3)
    *lines, sentence = host.run(LANG="zh_CN.UTF-8").stdout.splitlines()
    assert sentence.startswith("本机目前无法运行 demo")
    assert {line[:2] for line in lines} == {"正常", "阻止"}
    (stop,) = (line for line in lines if line.startswith("阻止"))
    assert "；需要：" in stop and "；处理：" in stop


def test_json_says_the_same(host: CheckedHost) -> None:
    host.memory(3, 3)
    checked = host.check()
    assert checked.code == 1
    assert (checked.said["bundle"], checked.said["can_run"]) == ("demo", False)
    assert (checked.said["context"], checked.said["largest_context"]) == (8192, 8192)
    *lines, sentence = host.run().stdout.splitlines()
    assert checked.said["sentence"] == sentence
    assert [each["state"] for each in checked.said["checks"]] == [line.split()[0] for line in lines]
    for each, line in zip(checked.said["checks"], lines, strict=True):
        # How much of the disk is free changes.
        assert each["found"] in line or each["name"].startswith("disk_")


def test_json_bears_any_character(host: CheckedHost) -> None:
    host.docker(docker_answers.info(ServerVersion="", ServerErrors=['say\t"no" \\\\ 中\x1b']))
    assert 'say "no" \\\\ ' in host.check().of("docker")


def test_the_small_tools_alone_do(gnu_host: CheckedHost, tmp_path: Path) -> None:
    expected = gnu_host.check()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in "awk cat dash date dirname head id readlink sed sort timeout tr".split():
        (tools / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    path = f"{tmp_path}/programs:{tools}"
    found = gnu_host.check(PATH=path)
    assert found.code == 0
    names = [each["name"] for each in expected.said["checks"]]
    assert [each["name"] for each in found.said["checks"]] == names
    assert {each["state"] for each in found.said["checks"]} == {"ok"}


def test_a_wrong_argument(host: CheckedHost) -> None:
    done = subprocess.run(
        [*host.shell, str(host.bundle / "airgap"), "check", "--yaml"],
        env=host.environ,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert '"check" does not take the argument "--yaml"' in done.stderr


def test_nothing_on_the_host_changes(host: CheckedHost, tmp_path: Path) -> None:
    host.cards(CARD)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = everything_below(tmp_path)
    host.run(TMPDIR=str(scratch))
    host.run("--json", TMPDIR=str(scratch))
    assert everything_below(tmp_path) == before


def test_a_wrong_setting_is_a_finding(host: CheckedHost) -> None:
    checked = host.check(AIRGAP_SERVER_PORT="http")
    assert checked.stops == {"settings"}
    assert 'SERVER_PORT is "http"' in checked.of("settings")
    assert "cannot" in checked.said["sentence"]
    (host.bundle / "airgap.conf").write_text('SERVER_PROT="8000"\n')
    assert "unknown setting SERVER_PROT" in host.check().of("settings")
    (host.bundle / "bundle.conf").unlink()
    assert "no readable bundle.conf" in host.check().of("settings")


@pytest.mark.parametrize("machine", ["aarch64", "i686"])
def test_another_architecture(gnu_host: CheckedHost, machine: str) -> None:
    gnu_host.program("uname", f"echo {machine}\n")
    assert gnu_host.check().stops == {"system"}


def test_what_the_cpu_server_needs_of_a_processor(host: CheckedHost) -> None:
    host.cpu("fpu avx2")
    assert host.check().state("cpu") == "ok"
    host.cpu("fpu avx avx512 xavx2")
    assert host.check().stops == {"cpu"}
    host.conf(LLM_URL="http://10.0.0.8:8000/v1", LLM_MODEL="big")
    assert host.check().state("cpu") == "warn"


def test_memory(host: CheckedHost) -> None:
    host.memory(64, 2)
    assert host.check().state("memory") == "warn"
    host.docker(docker_answers.DOCKER_24, running="0123456789ab")
    assert host.check().state("memory") == "ok"
    host.memory(3, 3)
    assert host.check().stops == {"memory"}


def test_a_limit_on_memory_counts(host: CheckedHost) -> None:
    host.write("sys/fs/cgroup/memory.max", "max\n")
    assert host.check().state("memory") == "ok"
    host.write("sys/fs/cgroup/memory.max", "2000000000\n")
    assert host.check().stops == {"memory"}


def test_a_server_that_may_take_less_than_it_needs(host: CheckedHost) -> None:
    checked = host.check(AIRGAP_SERVER_MEMORY="2g")
    assert checked.stops == {"memory"}
    assert "raise SERVER_MEMORY" in checked.of("memory")


@pytest.mark.parametrize(
    ("modules", "release", "state"),
    [
        ("lockdown,landlock,bpf", "5.15.0", "ok"),
        ("lockdown,yama", "5.15.0", "warn"),
        ("", "5.15.0", "warn"),
        ("", "3.10.0-1160.el7.x86_64", "warn"),
    ],
)
def test_landlock_keeps_code_in_its_folder(
    host: CheckedHost, modules: str, release: str, state: str
) -> None:
    host.write("sys/kernel/security/lsm", modules)
    host.write("proc/sys/kernel/osrelease", release + "\n")
    assert host.check().state("kernel") == "ok"
    host.conf(BUILDER_STACK="agentfabric")
    assert host.check(AIRGAP_BUILDER_PORT="7899").state("kernel") == state


def test_a_clock_that_stands_before_the_bundle_was_made(gnu_host: CheckedHost) -> None:
    gnu_host.program("date", "case $1 in +%s) echo 86400 ;; *) echo 1970-01-02 ;; esac\n")
    checked = gnu_host.check()
    assert checked.state("clock") == "warn"
    assert "1970-01-02" in checked.of("clock")


def test_a_port_that_something_else_has(host: CheckedHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        checked = host.check(AIRGAP_AGENT_PORT=str(port))
        assert checked.stops == {"ports"}
        assert f"127.0.0.1:{port}" in checked.of("ports")
        assert "AGENT_PORT" in checked.of("ports")
        host.docker(docker_answers.DOCKER_24, running=f"127.0.0.1:{port}->7865/tcp")
        assert host.check(AIRGAP_AGENT_PORT=str(port)).state("ports") == "ok"


def test_one_port_for_two_services(host: CheckedHost) -> None:
    checked = host.check(AIRGAP_AGENT_PORT="8123", AIRGAP_SERVER_PORT="8123")
    assert "SERVER_PORT and AGENT_PORT are both 8123" in checked.of("ports")
    assert checked.stops == {"ports"}


def test_selinux(host: CheckedHost) -> None:
    host.write("sys/fs/selinux/enforce", "0")
    assert "permissive" in host.check().of("selinux")
    host.write("sys/fs/selinux/enforce", "1")
    assert host.check().state("selinux") == "ok"
    host.docker(docker_answers.info(SecurityOptions=["name=seccomp", "name=selinux"]))
    checked = host.check()
    assert (checked.state("selinux"), checked.code) == ("ok", 0)
    assert "those of the bundle get no label" in checked.of("selinux")


def test_a_context_that_the_cpu_server_cannot_hold(host: CheckedHost) -> None:
    checked = host.check(AIRGAP_KV_CACHE_MEMORY="128m")
    assert checked.stops == {"context"}
    assert checked.said["largest_context"] == 5632
    assert "with 5632 it can" in checked.said["sentence"]
    fitting = host.check(AIRGAP_KV_CACHE_MEMORY="128m", AIRGAP_MAX_MODEL_LEN="5632")
    assert fitting.code == 0


def test_a_context_that_the_model_was_not_made_for(host: CheckedHost) -> None:
    checked = host.check(AIRGAP_MAX_MODEL_LEN="9000", AIRGAP_KV_CACHE_MEMORY="1g")
    assert checked.stops == {"context"}
    assert "the model was made for 8192 tokens" in checked.of("context")


def test_a_bundle_of_which_little_is_known(host: CheckedHost) -> None:
    (host.bundle / "bundle.conf").write_text(
        "".join(f"{key}='{value}'\n" for key, value in BUNDLE_CONF.items())
    )
    checked = host.check()
    assert checked.code == 0
    assert checked.state("disk_image") == checked.state("context") == "warn"
    assert "with a context of 8192 tokens" in checked.said["sentence"]


def test_another_model_s_figures_are_not_the_bundle_s(host: CheckedHost, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    checked = host.check(AIRGAP_LLM_DIR=str(tmp_path), AIRGAP_MAX_MODEL_LEN="99999")
    assert checked.state("context") == "warn"


def test_a_model_that_another_server_has(host: CheckedHost) -> None:
    host.cards(CARD)
    checked = host.check(AIRGAP_LLM_URL="http://10.0.0.8:8000/v1", AIRGAP_LLM_MODEL="big")
    assert not [name for name in ("gpu", "driver", "context") if checked.state(name)]
    assert "the model server at http://10.0.0.8:8000/v1" in checked.said["sentence"]


def test_the_host_s_python_is_only_told(gnu_host: CheckedHost) -> None:
    gnu_host.program("python3.11", "echo 3.11.2\n")
    gnu_host.program("getconf", "echo glibc 2.17\n")
    checked = gnu_host.check()
    assert checked.state("python") == "ok"
    assert "3.11.2, glibc: 2.17" in checked.of("python") and "run-pex" in checked.of("python")
    gnu_host.program("getconf", "echo glibc 2.36\n")
    assert "run-pex" not in gnu_host.check().of("python")
    gnu_host.program("getconf", "exit 1\n")
    gnu_host.program("ldd", "echo 'ldd (Debian GLIBC 2.28-10) 2.28'\n")
    assert "glibc: 2.28" in gnu_host.check().of("python")


def test_somebody_without_rights(host: CheckedHost) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can be somebody else")
    host.cards(CARD)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        bundle = Path(folder) / "demo"
        shutil.copytree(host.bundle, bundle)
        state = Path(folder) / "demo-state"
        for mode, said in (
            (None, f"stop  disk for the state: {folder} is read-only or not writable"),
            (0o700, f"stop  disk for the state: reading {state}: the user with uid 65534 may not"),
            (0o755, f"disk for the state: {state} on "),
        ):
            if mode is not None:
                state.mkdir(exist_ok=True)
                state.chmod(mode)
            done = subprocess.run(
                [*host.shell, str(bundle / "airgap"), "check"],
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                user=65534,
                group=65534,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.stderr == ""
            assert said in done.stdout
            assert done.stdout.splitlines()[-1].startswith("This host cannot")


def test_a_read_only_medium(host: CheckedHost, tmp_path: Path) -> None:
    """The bundle may stay there; what people make may not."""
    medium = tmp_path / "read only"
    medium.mkdir()
    script = (
        f"mount --bind '{host.bundle.parent}' '{medium}' && "
        f"mount -o remount,ro,bind '{medium}' && exec \"$@\""
    )
    command = [*host.shell, str(medium / "demo" / "airgap"), "check"]
    stopped = "stop  disk for the state: "
    for state, expected in ((None, True), (tmp_path / "elsewhere", False)):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", *command],
            env={**host.environ, **({"AIRGAP_STATE_DIR": str(state)} if state else {})},
            capture_output=True,
            text=True,
            timeout=60,
        )
        if "unshare: " in done.stderr or "mount: " in done.stderr:
            pytest.skip(f"no mount may be made here: {done.stderr}")
        assert (stopped in done.stdout) == expected, done.stdout
        assert (done.returncode == 1) == expected
