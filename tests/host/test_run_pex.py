"""``airgap run-pex`` becomes a program of the bundle, with the Python of the image."""

from pathlib import Path

import pytest

from tests.host.bundle import Bundle, has
from tests.host.gpu_host import A100, GpuHost


@pytest.fixture
def program(bundle: Bundle) -> Bundle:
    """The bundle with one program."""
    (bundle.root / "pex" / "vllm-cpu").mkdir(parents=True)
    (bundle.root / "pex" / "vllm-cpu" / "__main__.py").write_text("")
    bundle.write_manifest()
    bundle.docker_says("program", "usage: vllm_server\n")
    return bundle


def ran(bundle: Bundle) -> list[str]:
    return [call for call in bundle.calls("run") if "/usr/bin/python3.11" in call][-1]


def test_only_what_the_program_prints_is_printed(program: Bundle) -> None:
    done = program.run("run-pex", "vllm-cpu", "--help")
    assert (done.returncode, done.stdout) == (0, "usage: vllm_server\n")


def test_the_program_is_closed_in_but_for_the_network(program: Bundle) -> None:
    assert program.run("run-pex", "vllm-cpu").returncode == 0
    call = ran(program)
    for option in (
        ["--rm"],
        ["--user", "1000:1000"],
        ["--read-only"],
        ["--cap-drop", "ALL"],
        ["--security-opt", "no-new-privileges"],
        ["--network", "host"],
        ["--workdir", str(program.root)],
    ):
        assert has(call, *option)
    mounts = [call[i + 1] for i, word in enumerate(call) if word == "--mount"]
    assert mounts == [
        f'type=bind,"source={program.root}","target={program.root}",readonly',
        f'type=bind,"source={program.state}/pex",target=/pex',
    ]


def test_variables_and_arguments_reach_it_as_they_are(program: Bundle) -> None:
    words = ["MODEL_NAME=a b", "DEVICE=", "--model-dir", "models/small", "PORT=1", "--x=y z"]
    assert program.run("run-pex", "vllm-cpu", *words).returncode == 0
    call = ran(program)
    assert has(call, "--env", "MODEL_NAME=a b") and has(call, "--env", "DEVICE=")
    path = str(program.root / "pex" / "vllm-cpu")
    assert call[call.index(path) :] == [path, *words[2:]]


@pytest.mark.parametrize("name", ["vllm", "../airgap", ".", ".."])
def test_a_program_that_is_not_there(program: Bundle, name: str) -> None:
    done = program.run("run-pex", name)
    assert done.returncode == 2
    assert f'no program "{name}"' in done.stderr and "one of: vllm-cpu" in done.stderr
    assert program.calls("run") == []


def test_a_name_is_needed(program: Bundle) -> None:
    done = program.run("run-pex")
    assert (done.returncode, "run-pex needs a name" in done.stderr) == (2, True)


def test_a_damaged_program(program: Bundle) -> None:
    (program.root / "pex" / "vllm-cpu" / "__main__.py").write_text("more")
    assert "wrong size  pex/vllm-cpu/__main__.py" in program.fails("run-pex", "vllm-cpu")


def test_another_model_is_there_too(program: Bundle, tmp_path: Path) -> None:
    model = tmp_path / 'a "tuned" model, here'
    model.mkdir()
    (model / "model.safetensors").write_text("")
    (model / "config.json").write_text("{}")
    done = program.run("run-pex", "vllm-cpu", AIRGAP_LLM_DIR=str(model))
    assert done.returncode == 0, done.stderr
    quoted = str(model).replace('"', '""')
    mount = f'type=bind,"source={quoted}","target={quoted}",readonly'
    assert has(ran(program), "--mount", mount)


def test_gpus_are_handed_over_where_there_are_any(program: Bundle, tmp_path: Path) -> None:
    conf = program.root / "bundle.conf"
    conf.write_text(conf.read_text().replace("DEVICE='cpu'", "DEVICE='cuda'"))
    host = GpuHost(tmp_path / "root", program.shell)
    settings = {"AIRGAP_HOST_ROOT": str(host.root)}
    assert program.run("run-pex", "vllm-cpu", **settings).returncode == 0
    assert "--device" not in ran(program)
    host.driver("535.183.01")
    host.libraries("/usr/lib64", "535.183.01")
    answer = f"0, {A100}, 81920, 535.183.01, Disabled, 8.0"
    host.program("usr/bin/nvidia-smi", f"echo >>'{host.root}/asked'; echo '{answer}'\n")
    assert program.run("run-pex", "vllm-cpu", "--port", "1", **settings).returncode == 0
    call = ran(program)
    assert has(call, "--device", f"{host.root}/dev/nvidia0:/dev/nvidia0:rw")
    assert (host.root / "asked").read_text() == "\n", "nvidia-smi was asked twice"
    assert has(call, "--env", "DEVICE=cuda")
    assert call[-2:] == ["--port", "1"]
