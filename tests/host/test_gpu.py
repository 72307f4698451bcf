"""The GPUs of a host, its driver, and the way to them are found whatever the distribution."""

from pathlib import Path

import pytest

from tests.host.conftest import SHELLS, shell_command
from tests.host.gpu_host import A100, GpuHost

DEBIAN = "/usr/lib/x86_64-linux-gnu"
NODES = ["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"]


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> GpuHost:
    """A host with Docker and no GPU."""
    made = GpuHost(tmp_path / "root 根", shell_command(request.param))
    made.docker()
    return made


def bare(host: GpuHost, version: str = "535.183.01", gpus: int = 1) -> None:
    """A driver and its libraries in Debian's folder, and nothing else."""
    host.driver(version, gpus)
    host.libraries(DEBIAN, version)


def test_a_host_without_a_gpu(host: GpuHost) -> None:
    found = host.ask()
    assert (found["COUNT"], found["DRIVER"], found["LINES"]) == ("0", "", "")
    assert found["ACCESS"] == "none"


@pytest.mark.parametrize(
    "version",
    ["470.256.02", "525.60.13", "535.183.01", "550.54.14", "570.86.15", "580.65.06"],
)
def test_the_driver_s_version_is_the_kernel_module_s(host: GpuHost, version: str) -> None:
    bare(host, version, gpus=2)
    found = host.ask()
    assert found["DRIVER"] == version
    assert found["LINES"] == f"0|{A100}||\n1|{A100}||"
    assert (found["COUNT"], found["ACCESS"]) == ("2", "devices")
    expected = {"libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler"}
    libraries = {Path(path).name for path in found["LIBRARIES"].splitlines()}
    assert {f"{name}.so.{version}" for name in expected} <= libraries
    assert (f"libnvidia-gpucomp.so.{version}" in libraries) == (int(version[:3]) >= 550)


def test_nvidia_smi_tells_memory_and_capability(host: GpuHost) -> None:
    bare(host, gpus=2)
    host.nvidia_smi(
        f"0, {A100}, 81920, 535.183.01, Disabled, 8.0",
        "1, NVIDIA GeForce RTX 4090, 24564, 535.183.01, [N/A], 8.9",
    )
    found = host.ask()
    assert found["LINES"] == f"0|{A100}|81920|8.0\n1|NVIDIA GeForce RTX 4090|24564|8.9"
    assert (found["COUNT"], found["MIG"], found["FAULT"]) == ("2", "", "")


def test_an_old_nvidia_smi_is_asked_for_less(host: GpuHost) -> None:
    bare(host, "470.256.02")
    host.nvidia_smi("0, Tesla V100-PCIE-16GB, 16160, 470.256.02, [N/A]", compute_cap=False)
    found = host.ask()
    assert found["LINES"] == "0|Tesla V100-PCIE-16GB|16160|"
    assert found["FAULT"] == ""


def test_memory_that_nvidia_smi_does_not_know_is_left_empty(host: GpuHost) -> None:
    bare(host, "580.65.06")
    host.nvidia_smi("0, NVIDIA GB10, [N/A], 580.65.06, [N/A], 12.1")
    assert host.ask()["LINES"] == "0|NVIDIA GB10||12.1"


def test_a_broken_nvidia_smi_is_quoted_and_the_kernel_asked(host: GpuHost) -> None:
    bare(host)
    said = "Failed to initialize NVML: Driver/library version mismatch"
    host.broken_nvidia_smi(said)
    found = host.ask()
    assert (found["FAULT"], found["LINES"]) == (said, f"0|{A100}||")


def test_a_damaged_inforom_does_not_spoil_the_answer(host: GpuHost) -> None:
    bare(host)
    host.program(
        "usr/bin/nvidia-smi",
        f"echo '0, {A100}, 81920, 535.183.01, Disabled, 8.0'\n"
        "echo 'WARNING: infoROM is corrupted at gpu 0000:07:00.0'; exit 14\n",
    )
    found = host.ask()
    assert (found["LINES"], found["FAULT"]) == (f"0|{A100}|81920|8.0", "")


def test_an_nvidia_smi_that_does_not_answer_is_told_as_such(host: GpuHost) -> None:
    bare(host)
    host.program("usr/bin/nvidia-smi", f"echo >>'{host.root}/asked'; exec sleep 100\n")
    found = host.ask(patience=3)
    assert found["FAULT"].startswith("no answer within 3 s")
    assert found["LINES"] == f"0|{A100}||"
    assert len((host.root / "asked").read_text()) == 1, "it was waited for twice"


def test_a_mismatch_is_quoted_though_another_line_follows(host: GpuHost) -> None:
    bare(host)
    said = "Failed to initialize NVML: Driver/library version mismatch"
    host.broken_nvidia_smi(f"{said}\nNVML library version: 535.274")
    assert host.ask()["FAULT"] == said


def test_a_driver_that_was_changed_without_a_restart_has_no_libraries(host: GpuHost) -> None:
    host.driver("535.183.01")
    host.libraries(DEBIAN, "550.54.14")
    found = host.ask()
    assert found["ACCESS"] == "none"
    assert "libcuda.so.535.183.01" in found["LACKS"].splitlines()


def test_of_a_gpu_cut_by_mig_the_first_instance_counts(host: GpuHost) -> None:
    bare(host, gpus=2)
    for number in (1, 2, 21, 22):
        host.node(f"nvidia-caps/nvidia-cap{number}", 0o444)
    gpus = [
        f"{i}, {A100}, 81920, 535.183.01, {on}, 8.0" for i, on in enumerate(("Disabled", "Enabled"))
    ]
    instance = "  MIG 3g.40gb     Device  %d: (UUID: MIG-5%d)"
    listed = [f"GPU {i}: {A100} (UUID: GPU-{i})" for i in (0, 1)]
    host.nvidia_smi(*gpus, listed="\n".join([*listed, instance % (0, 0), instance % (1, 1)]))
    found = host.ask()
    assert found["LINES"] == f"1|{A100} MIG 3g.40gb|38880|8.0"
    assert (found["COUNT"], found["MIG"]) == ("1", "1")
    caps = [node for node in found["NODES"].splitlines() if "caps" in node]
    assert caps == [f"/dev/nvidia-caps/nvidia-cap{number}" for number in (2, 21, 22)]


@pytest.mark.parametrize(
    ("instance", "memory"), [("1c.3g.40gb", "38880"), ("1g.10gb+me", "9720"), ("7g.80gb", "77760")]
)
def test_names_of_mig_instances(host: GpuHost, instance: str, memory: str) -> None:
    bare(host)
    listed = f"GPU 0: {A100} (UUID: GPU-0)\n  MIG {instance}  Device  0: (UUID: MIG-50)"
    host.nvidia_smi(f"0, {A100}, 81920, 535.183.01, Enabled, 8.0", listed=listed)
    assert host.ask()["LINES"] == f"0|{A100} MIG {instance}|{memory}|8.0"


def test_capabilities_of_root_alone_are_not_needed(host: GpuHost) -> None:
    bare(host)
    for number, mode in ((0, 0o400), (1, 0o400), (2, 0o444), (21, 0o444), (999, 0o400)):
        host.node(f"nvidia-caps/nvidia-cap{number}", mode)
    caps = [node for node in host.ask()["NODES"].splitlines() if "caps" in node]
    assert caps == ["/dev/nvidia-caps/nvidia-cap2", "/dev/nvidia-caps/nvidia-cap21"]


def test_mig_without_an_instance_is_no_gpu(host: GpuHost) -> None:
    bare(host)
    host.nvidia_smi(f"0, {A100}, 81920, 535.183.01, Enabled, 8.0", listed=f"GPU 0: {A100}")
    found = host.ask()
    assert (found["COUNT"], found["MIG"], found["ACCESS"]) == ("0", "1", "none")


@pytest.mark.parametrize(
    ("folder", "listed"),
    [
        (DEBIAN, True),  # Ubuntu
        ("/usr/lib64", True),  # RHEL, openEuler, Kylin, SUSE, the driver's installer there
        ("/usr/lib64", False),
        ("/usr/lib64/nvidia", True),
        ("/opt/driver 驱动/lib", True),
        ("/run/opengl-driver/lib", False),  # NixOS, which has no cache for ldconfig
    ],
)
def test_layouts_of_libraries(host: GpuHost, folder: str, listed: bool) -> None:
    host.driver("535.183.01")
    host.libraries(folder, "535.183.01")
    if listed:
        # The 32-bit ones come first in some caches.
        host.libraries("/usr/lib/i386-linux-gnu", "535.183.01")
        host.ldconfig(
            "libcuda.so.1 (libc6) => /usr/lib/i386-linux-gnu/libcuda.so.1",
            f"libcuda.so.1 (libc6,x86-64) => {folder}/libcuda.so.1",
            "libcudart.so.12 (libc6,x86-64) => /opt/cuda/libcudart.so.12",
        )
    found = host.ask()
    assert found["ACCESS"] == "devices"
    names = ["libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler", "libnvidia-nvvm"]
    assert found["LIBRARIES"].splitlines() == [f"{folder}/{name}.so.535.183.01" for name in names]
    assert found["NODES"].splitlines() == NODES


def test_debian_s_alternatives_are_followed(host: GpuHost) -> None:
    host.driver("535.183.01")
    host.libraries("/usr/lib/elsewhere/nvidia/current", "535.183.01")
    host.link(f"{DEBIAN}/libcuda.so.1", "/etc/alternatives/glx--libcuda.so.1")
    host.link(
        "/etc/alternatives/glx--libcuda.so.1", "/usr/lib/elsewhere/nvidia/current/libcuda.so.1"
    )
    host.ldconfig(f"libcuda.so.1 (libc6,x86-64) => {DEBIAN}/libcuda.so.1")
    libraries = host.ask()["LIBRARIES"].splitlines()
    assert libraries[0] == "/usr/lib/elsewhere/nvidia/current/libcuda.so.535.183.01"


def test_libraries_of_another_version_beside_are_left_alone(host: GpuHost) -> None:
    bare(host)
    host.write(f"{DEBIAN}/libcuda.so.525.60.13", "left by an upgrade")
    assert "525.60.13" not in host.ask()["LIBRARIES"]


def test_nodes_that_are_not_there_are_named(host: GpuHost) -> None:
    bare(host)
    (host.root / "dev/nvidia-uvm").unlink()
    found = host.ask()
    assert (found["ACCESS"], found["LACKS"]) == ("none", "/dev/nvidia-uvm")


def test_the_hook_that_docker_looks_for_makes_the_toolkit(host: GpuHost) -> None:
    bare(host)
    host.program("usr/bin/nvidia-container-runtime-hook", "")
    found = host.ask()
    assert (found["ACCESS"], found["OPTIONS"]) == ("toolkit", "--gpus all")


def test_the_toolkit_s_runtime_alone_will_do(host: GpuHost) -> None:
    bare(host)
    host.docker(runtimes=("runc", "nvidia"))
    found = host.ask()
    assert found["ACCESS"] == "toolkit"
    assert found["OPTIONS"].startswith("--runtime nvidia ")


def test_a_docker_that_does_not_answer_gets_the_devices(host: GpuHost) -> None:
    bare(host)
    host.program("usr/bin/nvidia-container-runtime-hook", "")
    host.program("client/docker", "exit 125\n")
    assert host.ask()["ACCESS"] == "devices"


YAML = 'cdiVersion: "0.5.0"\nkind: nvidia.com/gpu\ndevices:\n- name: "0"\n- name: all\n'
JSON = '{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[{"name":"all"}]}'


@pytest.mark.parametrize(
    ("path", "text"), [("/etc/cdi/nvidia.yaml", YAML), ("/var/run/cdi/nvidia.json", JSON)]
)
def test_a_specification_that_docker_reads_makes_cdi(host: GpuHost, path: str, text: str) -> None:
    bare(host)
    host.write(path, text)
    host.docker(cdi=("/etc/cdi", "/var/run/cdi"))
    found = host.ask()
    assert (found["ACCESS"], found["OPTIONS"]) == ("cdi", "--device nvidia.com/gpu=all")
    assert found["SPEC"] == path


@pytest.mark.parametrize("text", [YAML.replace("all", '"1"'), YAML.replace("gpu", "nic")])
def test_a_specification_of_something_else_does_not(host: GpuHost, text: str) -> None:
    bare(host)
    host.write("/etc/cdi/nvidia.yaml", text)
    host.docker(cdi=("/etc/cdi",))
    assert host.ask()["ACCESS"] == "devices"


@pytest.mark.parametrize("cdi", [None, ()])
def test_a_docker_without_cdi_gets_the_devices(host: GpuHost, cdi: tuple[str, ...] | None) -> None:
    bare(host)
    host.write("/etc/cdi/nvidia.yaml", YAML)
    host.docker(cdi=cdi)
    assert host.ask()["ACCESS"] == "devices"


def test_windows_linux_has_one_device_and_one_folder(host: GpuHost) -> None:
    host.node("dxg")
    host.libraries("/usr/lib/wsl/lib", "535.183.01")
    host.nvidia_smi("0, NVIDIA GeForce RTX 4090, 24564, 537.13, [N/A], 8.9")
    (host.root / "usr/bin/nvidia-smi").rename(host.root / "usr/lib/wsl/lib/nvidia-smi")
    found = host.ask()
    assert (found["DRIVER"], found["COUNT"], found["ACCESS"]) == ("537.13", "1", "devices")
    assert (found["NODES"], found["LIBRARIES"]) == ("/dev/dxg", "/usr/lib/wsl")
