"""``airgap up`` hands the GPUs to the model server's container, or says at once why it cannot."""

import os
import shutil
from pathlib import Path

import pytest

from tests.host.bundle import Bundle, has, server_environ
from tests.host.gpu_host import A100, GpuHost

DEBIAN = "/usr/lib/x86_64-linux-gnu"
DRIVER_AT = "/run/airgap/driver"


@pytest.fixture
def host(bundle: Bundle, tmp_path: Path) -> GpuHost:
    """The host of a bundle that serves on GPUs: two of them, and no toolkit."""
    conf = bundle.root / "bundle.conf"
    facts = "STACK_CUDA='12.8'\nSTACK_DRIVER='525'\nMODEL_HEADS='32'\nMODEL_KV_HEADS='32'\n"
    conf.write_text(conf.read_text().replace("DEVICE='cpu'", "DEVICE='cuda'") + facts)
    bundle.write_manifest()
    made = GpuHost(tmp_path / "root 根", bundle.shell)
    made.driver("535.183.01", gpus=2)
    made.libraries(DEBIAN, "535.183.01")
    made.nvidia_smi(*(f"{i}, {A100}, 81920, 535.183.01, Disabled, 8.0" for i in range(2)))
    return made


@pytest.fixture
def on(bundle: Bundle, host: GpuHost) -> Bundle:
    """The bundle on that host."""
    settings = {**bundle.settings, "AIRGAP_HOST_ROOT": str(host.root)}
    return Bundle(bundle.root, bundle.docker, bundle.shell, settings)


def created(bundle: Bundle) -> list[str]:
    done = bundle.run("up")
    assert done.returncode == 0, done.stderr
    return bundle.created("server")


def test_without_a_toolkit_nodes_and_libraries_are_handed_over(on: Bundle, host: GpuHost) -> None:
    call = created(on)
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"):
        assert has(call, "--device", f"{host.root}/dev/{name}:/dev/{name}:rw")
    names = {"libcuda": 1, "libnvidia-ml": 1, "libnvidia-ptxjitcompiler": 1, "libnvidia-nvvm": 4}
    at = {
        f"{DEBIAN}/{name}.so.535.183.01": f"{DRIVER_AT}/{name}.so.{number}"
        for name, number in names.items()
    }
    at["/usr/bin/nvidia-smi"] = "/usr/bin/nvidia-smi"
    for source, target in at.items():
        mount = f'type=bind,"source={host.root}{source}",target={target},readonly'
        assert has(call, "--mount", mount), target
    environ = server_environ(on)
    assert environ["LD_LIBRARY_PATH"] == environ["TRITON_LIBCUDA_PATH"] == DRIVER_AT
    assert "--gpus" not in call and "--group-add" not in call


def test_a_newer_driver_s_libraries_keep_the_names_they_load_each_other_by(
    on: Bundle, host: GpuHost
) -> None:
    shutil.rmtree(host.root)
    host.driver("570.86.15")
    host.libraries("/usr/lib64", "570.86.15")
    assert any(
        mount.endswith(f"target={DRIVER_AT}/libnvidia-gpucomp.so.570.86.15,readonly")
        for mount in created(on)
    )


def test_the_container_stays_closed_in(on: Bundle) -> None:
    call = created(on)
    for option in (["--user", "1000:1000"], ["--read-only"], ["--cap-drop", "ALL"]):
        assert has(call, *option)
    assert "--privileged" not in call and "label=disable" not in call


def test_what_is_compiled_outlives_the_container(on: Bundle) -> None:
    call = created(on)
    state = on.state / "server"
    assert has(call, "--mount", f'type=bind,"source={state}",target=/state')
    assert server_environ(on)["HOME"] == "/state"


def test_serving_as_the_guide_does_is_the_default(on: Bundle) -> None:
    call = created(on)
    environ = server_environ(on)
    assert (environ["DEVICE"], environ["DTYPE"]) == ("cuda", "half")
    assert environ["GPU_MEMORY_UTILIZATION"] == "0.95"
    assert environ["TENSOR_PARALLEL"] == "2"
    assert "KV_CACHE_MEMORY" not in environ
    assert has(call, "--shm-size", "10g") and has(call, "--memory", "32g")


def test_settings_win_over_it(on: Bundle) -> None:
    text = "DTYPE=bfloat16\nGPU_MEMORY_UTILIZATION=0.8\nTENSOR_PARALLEL=1\nSERVER_SHM=1g\n"
    (on.root / "airgap.conf").write_text(text)
    call = created(on)
    environ = server_environ(on)
    assert (environ["DTYPE"], environ["GPU_MEMORY_UTILIZATION"]) == ("bfloat16", "0.8")
    assert environ["TENSOR_PARALLEL"] == "1"
    assert has(call, "--shm-size", "1g")


def test_agents_get_no_gpu(on: Bundle) -> None:
    created(on)
    agent = on.created("agent")
    assert "--device" not in agent
    assert not [word for word in agent if word.startswith("LD_LIBRARY_PATH")]


@pytest.mark.parametrize(
    ("gpus", "heads", "own", "used"),
    [
        (1, 32, 32, 1),
        (3, 32, 32, 2),
        (8, 32, 32, 8),
        (8, 28, 4, 4),  # 7 divides 28, and fits 4 key-value heads in neither way
        (8, 32, 4, 8),  # each of the 4 on two GPUs
        (6, 14, 2, 2),
        (4, "", "", 1),
    ],
)
def test_the_model_is_split_as_far_as_vllm_can(
    on: Bundle, host: GpuHost, gpus: int, heads: object, own: object, used: int
) -> None:
    conf = on.root / "bundle.conf"
    conf.write_text(
        conf.read_text()
        .replace("MODEL_HEADS='32'", f"MODEL_HEADS='{heads}'")
        .replace("MODEL_KV_HEADS='32'", f"MODEL_KV_HEADS='{own}'")
    )
    host.nvidia_smi(*(f"{i}, {A100}, 81920, 535.183.01, Disabled, 8.0" for i in range(gpus)))
    created(on)
    assert server_environ(on)["TENSOR_PARALLEL"] == str(used)


@pytest.mark.parametrize("gap", ["", " ", "\n  "])
def test_of_another_model_the_heads_are_looked_up(on: Bundle, tmp_path: Path, gap: str) -> None:
    model = tmp_path / "tuned 模型"
    model.mkdir()
    (model / "model.safetensors").write_text("")
    keys = f'"num_attention_heads":{gap}7,{gap}"num_key_value_heads":{gap}1'
    (model / "config.json").write_text("{" + gap + keys + gap + "}")
    assert on.run("up", AIRGAP_LLM_DIR=str(model)).returncode == 0
    assert server_environ(on)["TENSOR_PARALLEL"] == "1"
    stderr = on.fails("up", AIRGAP_LLM_DIR=str(model), AIRGAP_TENSOR_PARALLEL="2")
    assert "TENSOR_PARALLEL is 2, and the heads and key-value heads of the model are 7 1" in stderr


def test_docker_s_toolkit_is_used_where_it_is(on: Bundle, host: GpuHost) -> None:
    on.docker_says("info-jsonRuntimes", '{"nvidia":{"path":"x"},"runc":{"path":"runc"}}')
    host.program("usr/bin/nvidia-container-runtime-hook", "")
    call = created(on)
    assert has(call, "--gpus", "all")
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        assert has(call, "--device", f"{host.root}/dev/{name}:/dev/{name}:rw")
    assert "LD_LIBRARY_PATH" not in server_environ(on)
    assert server_environ(on)["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"


def test_a_toolkit_that_docker_was_not_restarted_for(on: Bundle, host: GpuHost) -> None:
    on.docker_says("info-jsonRuntimes", '{"runc":{"path":"runc"}}')
    host.program("usr/bin/nvidia-container-runtime-hook", "")
    on.docker_says("create-error", 'could not select device driver "" with capabilities: [[gpu]].')
    assert "systemctl restart docker" in on.fails("up")


@pytest.mark.parametrize(
    "said",
    [
        "Auto-detected mode as 'legacy' nvidia-container-cli: initialization error: nvml error",
        "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
        "failed to fulfil mount request: open /usr/lib64/libcuda.so.535.161.08: no such file",
    ],
)
def test_a_toolkit_or_a_specification_that_fails(on: Bundle, said: str) -> None:
    on.docker_says("create-error", said)
    stderr = on.fails("up")
    assert said in stderr
    assert "nvidia-ctk cdi generate" in stderr


def test_a_node_that_appears_later_does_not_end_the_server(on: Bundle, host: GpuHost) -> None:
    (host.root / "dev/nvidia-uvm-tools").unlink()
    created(on)
    host.node("nvidia-uvm-tools")
    assert "Replacing" not in on.run("up").stdout
    assert "Replacing" in on.run("up", AIRGAP_TENSOR_PARALLEL="1").stdout


def test_gpus_are_counted_as_nvidia_smi_does(on: Bundle) -> None:
    created(on)
    assert server_environ(on)["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_cdi_is_used_where_docker_reads_it(on: Bundle, host: GpuHost) -> None:
    on.docker_says("info-rangeCDISpecDirsprintlnend", "/etc/cdi\n/var/run/cdi\n")
    host.write("/var/run/cdi/nvidia.yaml", "kind: nvidia.com/gpu\ndevices:\n- name: all\n")
    call = created(on)
    assert [call[i + 1] for i, word in enumerate(call) if word == "--device"] == [
        "nvidia.com/gpu=all"
    ]


def test_windows_linux_gets_its_device_and_its_folder(on: Bundle, host: GpuHost) -> None:
    shutil.rmtree(host.root)
    host.node("dxg")
    host.libraries("/usr/lib/wsl/lib", "535.183.01")
    host.nvidia_smi("0, NVIDIA GeForce RTX 4090, 24564, 537.13, [N/A], 8.9")
    call = created(on)
    assert has(call, "--device", f"{host.root}/dev/dxg:/dev/dxg:rw")
    mount = f'type=bind,"source={host.root}/usr/lib/wsl",target=/usr/lib/wsl,readonly'
    assert has(call, "--mount", mount)
    assert server_environ(on)["LD_LIBRARY_PATH"] == "/usr/lib/wsl/lib"


def test_where_docker_minds_selinux_the_nodes_are_opened(on: Bundle) -> None:
    on.docker_says("info-SecurityOptions", "[name=seccomp,profile=default name=selinux]")
    assert has(created(on), "--security-opt", "label=disable")


@pytest.mark.parametrize("toolkit", [False, True])
def test_nodes_of_a_group_are_used_by_that_group(on: Bundle, host: GpuHost, toolkit: bool) -> None:
    if toolkit:
        on.docker_says("info-jsonRuntimes", '{"nvidia":{"path":"x"},"runc":{"path":"runc"}}')
    for name in ("nvidia0", "nvidia1", "nvidiactl"):
        (host.root / "dev" / name).chmod(0o660)
    group = (host.root / "dev" / "nvidia0").stat().st_gid
    call = created(on)
    assert [call[i + 1] for i, word in enumerate(call) if word == "--group-add"] == [str(group)]


def stops(bundle: Bundle, *words: str, **environ: str) -> None:
    """``up`` ends before anything was made, and says these words, with a remedy in Chinese too."""
    stderr = bundle.fails("up", **environ)
    assert [word for word in words if word not in stderr] == []
    assert "处理：" in bundle.fails("up", LANG="zh_CN.UTF-8", **environ)
    assert [bundle.calls(word) for word in ("load", "create", "run", "network")] == [[], [], [], []]


def test_no_gpu(on: Bundle, host: GpuHost) -> None:
    shutil.rmtree(host.root)
    stops(on, "no NVIDIA driver that is loaded", "version 525", "LLM_URL")


def test_a_driver_that_shows_no_gpu(on: Bundle, host: GpuHost) -> None:
    shutil.rmtree(host.root)
    host.driver("535.183.01", gpus=0)
    host.broken_nvidia_smi("No devices were found")
    stops(on, "the NVIDIA driver 535.183.01 is loaded and shows none", "No devices were found")


def test_a_driver_that_is_too_old(on: Bundle, host: GpuHost) -> None:
    shutil.rmtree(host.root)
    host.driver("470.256.02")
    host.libraries(DEBIAN, "470.256.02")
    stops(on, "its version is 470.256.02", "525 or newer, for CUDA 12.8")


def test_a_driver_that_waits_for_a_restart(on: Bundle, host: GpuHost) -> None:
    host.broken_nvidia_smi("Failed to initialize NVML: Driver/library version mismatch")
    stops(on, "Driver/library version mismatch", "restart the host")


def test_libraries_of_another_driver(on: Bundle, host: GpuHost) -> None:
    shutil.rmtree(host.root / "usr/lib")
    host.libraries(DEBIAN, "550.54.14")
    stops(on, "no libcuda.so.535.183.01 libnvidia-ml.so.535.183.01", "restart the host")


def test_a_node_that_is_not_there(on: Bundle, host: GpuHost) -> None:
    (host.root / "dev/nvidia-uvm").unlink()
    stops(on, "no /dev/nvidia-uvm", "nvidia-modprobe -u -c=0")


def test_nodes_for_root_alone(on: Bundle, host: GpuHost) -> None:
    (host.root / "dev/nvidia1").chmod(0o600)
    stops(on, "only root may use /dev/nvidia1", "NVreg_DeviceFileMode=0666")


def test_mig_without_an_instance(on: Bundle, host: GpuHost) -> None:
    host.nvidia_smi(f"0, {A100}, 81920, 535.183.01, Enabled, 8.0", listed=f"GPU 0: {A100}")
    stops(on, "MIG is on", "nvidia-smi mig -cgi")


def test_fewer_gpus_than_are_asked_for(on: Bundle) -> None:
    stops(on, "TENSOR_PARALLEL is 4, and this host has 2", AIRGAP_TENSOR_PARALLEL="4")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TENSOR_PARALLEL", "all"),
        ("TENSOR_PARALLEL", "0"),
        ("DTYPE", "fp8"),
        ("GPU_MEMORY_UTILIZATION", "95"),
        ("GPU_MEMORY_UTILIZATION", "0"),
    ],
)
def test_a_value_out_of_form(on: Bundle, key: str, value: str) -> None:
    stops(on, f'{key} is "{value}"', **{f"AIRGAP_{key}": value})


def test_a_server_elsewhere_needs_no_gpu_here(on: Bundle, host: GpuHost) -> None:
    shutil.rmtree(host.root)
    done = on.run("up", AIRGAP_LLM_URL="http://10.0.0.8:8000/v1", AIRGAP_LLM_MODEL="qwen")
    assert done.returncode == 0, done.stderr
    assert not os.path.exists(on.state / "server")
