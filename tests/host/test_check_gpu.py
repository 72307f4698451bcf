"""What ``airgap check`` says of GPUs, against the figures of the bundle for Qwen1.5-7B-Chat."""

import pytest

from tests.host.checked_host import CARD, CheckedHost

T4 = "Tesla T4, 15360, 7.5"
A4500 = "NVIDIA RTX A4500, 20470, 8.6"
H100 = "NVIDIA H100 80GB HBM3, 81559, 9.0"


def test_a_card_of_24_gb_serves_as_the_guide_does(host: CheckedHost) -> None:
    host.cards(CARD)
    done = host.run()
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == (
        "This host can run demo with a context of 8192 tokens (warnings: 0)."
    )
    assert "GeForce RTX 4090" in done.stdout


@pytest.mark.parametrize(
    ("cards", "used", "largest"),
    [
        ([T4], 1, 0),
        ([T4] * 2, 2, 14896),
        ([A4500], 1, 4464),
        ([CARD], 1, 12240),
        ([CARD] * 3, 2, 32768),
        ([H100], 1, 32768),
        ([H100] * 8, 8, 32768),
    ],
)
def test_the_largest_context_that_fits(
    host: CheckedHost, cards: list[str], used: int, largest: int
) -> None:
    host.cards(*cards)
    checked = host.check()
    assert checked.said["largest_context"] == largest
    assert f"the server uses {used}" in checked.of("gpu")
    assert checked.stops == (set() if largest >= 8192 else {"context"})


def test_a_shorter_context_is_named_and_does(host: CheckedHost) -> None:
    host.cards(A4500)
    sentence = host.check().said["sentence"]
    assert "cannot run demo with a context of 8192 tokens; with 4464 it can" in sentence
    assert "MAX_MODEL_LEN=4464" in sentence
    (host.bundle / "airgap.conf").write_text("MAX_MODEL_LEN=4464\n")
    checked = host.check()
    assert (checked.code, checked.said["context"]) == (0, 4464)
    (host.bundle / "airgap.conf").write_text("MAX_MODEL_LEN=4465\n")
    assert host.check().stops == {"context"}


def test_weights_that_do_not_fit_at_all(host: CheckedHost) -> None:
    host.cards(T4)
    checked = host.check()
    assert "the weights and what vLLM takes do not fit" in checked.of("context")
    assert "at any context length" in checked.said["sentence"]


def test_less_of_the_gpu_holds_less(host: CheckedHost) -> None:
    host.cards(CARD)
    assert host.check(AIRGAP_GPU_MEMORY_UTILIZATION="0.8").stops == {"context"}
    assert host.check(AIRGAP_KV_CACHE_MEMORY="2g").said["largest_context"] == 4080


@pytest.mark.parametrize(
    ("driver", "state"),
    [
        ("470.256.02", "stop"),
        ("520.61.05", "stop"),
        ("525.60.13", "ok"),
        ("535.183.01", "ok"),
        ("580.65.06", "ok"),
    ],
)
def test_the_driver_against_the_minor_version_rule(
    host: CheckedHost, driver: str, state: str
) -> None:
    host.cards(CARD, driver=driver)
    checked = host.check()
    assert checked.state("driver") == state
    assert checked.stops == ({"driver"} if state == "stop" else set())
    assert f"{driver}; 525 or later, for CUDA 12.8" in checked.of("driver")


def test_cuda_13_needs_a_newer_driver(host: CheckedHost) -> None:
    host.cards(CARD, driver="575.51.03", conf={"STACK_CUDA": "13.0", "STACK_DRIVER": "580"})
    assert host.check().stops == {"driver"}


@pytest.mark.parametrize(
    ("capability", "state"),
    [
        ("6.1", "stop"),
        ("7.0", "stop"),
        ("7.5", "ok"),
        ("8.7", "ok"),
        ("8.9", "ok"),
        ("9.0", "ok"),
        ("10.3", "ok"),
        ("11.0", "stop"),
        ("13.0", "stop"),
        ("[N/A]", "warn"),
    ],
)
def test_compute_capability(host: CheckedHost, capability: str, state: str) -> None:
    host.cards(f"NVIDIA X, 49140, {capability}")
    checked = host.check()
    assert checked.state("capability") == state
    assert checked.stops == ({"capability"} if state == "stop" else set())


def test_bfloat16_needs_ampere(host: CheckedHost) -> None:
    host.cards("NVIDIA X, 49140, 7.5")
    assert host.check(AIRGAP_DTYPE="bfloat16").stops == {"capability"}


def test_bfloat16_needs_ampere_of_each_gpu(host: CheckedHost) -> None:
    host.cards("NVIDIA X, 49140, 8.6", "NVIDIA Y, 49140, 7.5")
    assert host.check(AIRGAP_DTYPE="bfloat16").stops == {"capability"}
    host.cards("NVIDIA X, 49140, 8.6", "NVIDIA Y, 49140, 12.0")
    assert host.check(AIRGAP_DTYPE="bfloat16").stops == set()


def test_no_gpu(host: CheckedHost) -> None:
    host.cards()
    (host.gpu.root / "proc/driver/nvidia/version").unlink()
    host.gpu.program("usr/bin/nvidia-smi", "exit 127\n")
    checked = host.check()
    assert checked.stops == {"gpu", "driver"}
    assert "install the driver" in checked.of("gpu")


def test_a_driver_that_was_updated_without_a_restart(host: CheckedHost) -> None:
    host.cards(CARD)
    host.gpu.broken_nvidia_smi("Failed to initialize NVML: Driver/library version mismatch")
    checked = host.check()
    assert "version mismatch" in checked.of("gpu")
    assert "GeForce" not in checked.of("gpu")


def test_other_programs_that_use_the_gpu(host: CheckedHost) -> None:
    host.cards(CARD, used=700)
    assert host.check().state("gpu_use") == "ok"
    host.cards(CARD, used=900)
    assert host.check().code == 0
    assert host.check().state("gpu_use") == "warn"
    host.cards(CARD, used=9000)
    checked = host.check()
    assert checked.stops == {"gpu_use"}
    assert "4711, /usr/bin/python3" in checked.of("gpu_use")
    assert "at most 1228 MiB" in checked.of("gpu_use")
    assert host.check(AIRGAP_KV_CACHE_MEMORY="4608m").stops == {"gpu_use"}


def test_the_bundle_s_own_server_is_no_other_program(host: CheckedHost) -> None:
    host.cards(CARD, used=22000)
    host.docker((host.folder / "info").read_text(), running="0123456789ab")
    assert host.check().code == 0


def test_ways_of_a_container_to_the_gpu(host: CheckedHost) -> None:
    host.cards(CARD)
    assert "devices and libraries are handed over" in host.check().of("gpu_access")
    host.gpu.program("usr/bin/nvidia-container-runtime-hook", "")
    assert "container toolkit" in host.check().of("gpu_access")
    (host.gpu.root / "usr/bin/nvidia-container-runtime-hook").unlink()
    (host.gpu.root / "dev/nvidia-uvm").unlink()
    checked = host.check()
    assert checked.stops == {"gpu_access"}
    assert "/dev/nvidia-uvm" in checked.of("gpu_access")


@pytest.mark.parametrize(("version", "state"), [("570.86.15", "ok"), ("550.54.14", "warn")])
def test_a_specification_for_another_driver(host: CheckedHost, version: str, state: str) -> None:
    host.cards(CARD)
    library = f"/usr/lib/x86_64-linux-gnu/libcuda.so.{version}"
    spec = f"kind: nvidia.com/gpu\ndevices:\n- name: all\nmounts:\n- hostPath: {library}\n"
    host.write("etc/cdi/nvidia.yaml", spec)
    host.docker((host.folder / "info").read_text(), cdi="/etc/cdi")
    checked = host.check()
    assert checked.state("gpu_access") == state
    assert ("nvidia-ctk cdi generate" in checked.of("gpu_access")) == (state == "warn")


@pytest.mark.parametrize("toolkit", [False, True])
def test_a_device_node_that_is_closed(host: CheckedHost, toolkit: bool) -> None:
    host.cards(CARD)
    if toolkit:
        host.gpu.program("usr/bin/nvidia-container-runtime-hook", "")
    host.gpu.node("nvidia0", mode=0o600)
    checked = host.check()
    assert checked.stops == {"gpu"}
    assert "/dev/nvidia0" in checked.of("gpu")


def test_a_number_of_gpus_that_is_not_there_or_does_not_divide(host: CheckedHost) -> None:
    host.cards(CARD, CARD, CARD)
    assert host.check(AIRGAP_TENSOR_PARALLEL="2").code == 0
    for count in ("3", "4"):
        checked = host.check(AIRGAP_TENSOR_PARALLEL=count)
        assert checked.stops == {"gpu"}
        assert "TENSOR_PARALLEL" in checked.of("gpu")


def test_numbers_of_four_bytes_take_twice_the_memory(host: CheckedHost) -> None:
    host.cards(H100)
    assert host.check().said["largest_context"] == 32768
    host.cards("NVIDIA A100-SXM4-40GB, 40960, 8.0")
    assert host.check(AIRGAP_DTYPE="float32").stops == {"context"}


def test_arguments_that_make_it_smaller_are_no_stop(host: CheckedHost) -> None:
    host.cards(A4500)
    checked = host.check(AIRGAP_SERVER_ARGS="--kv-cache-dtype fp8")
    assert (checked.state("context"), checked.code) == ("warn", 0)


def test_mig_without_an_instance(host: CheckedHost) -> None:
    host.cards(CARD)
    host.gpu.nvidia_smi("0, NVIDIA A100-SXM4-80GB, 81920, 570.86.15, Enabled, 8.0")
    checked = host.check()
    assert "gpu" in checked.stops
    assert "MIG" in checked.of("gpu")


def test_gpus_of_several_kinds(host: CheckedHost) -> None:
    host.cards(CARD, A4500)
    checked = host.check()
    assert checked.state("gpu") == "warn"
    assert "2 x 20470 MiB" in checked.of("context")


def test_several_gpus_need_shared_memory(host: CheckedHost) -> None:
    host.cards(CARD, CARD)
    assert host.check().code == 0
    assert host.check(AIRGAP_SERVER_SHM="64m").stops == {"shm"}


def test_a_memory_that_is_not_known(host: CheckedHost) -> None:
    host.cards("NVIDIA GB10, [N/A], 12.1")
    checked = host.check()
    assert (checked.state("context"), checked.code) == ("warn", 0)
    assert checked.said["largest_context"] is None


def test_heads_without_a_key_of_their_own_share(host: CheckedHost) -> None:
    """Four heads of keys on eight GPUs: each GPU keeps a whole one, so half as much fits."""
    host.cards(*[T4] * 8, conf={"MODEL_KV_HEADS": "4"})
    eight = host.check().said["largest_context"]
    host.cards(*[T4] * 8, conf={"MODEL_KV_HEADS": "4", "MODEL_MAX_LEN": "10000000"})
    shared = host.check().said["largest_context"]
    host.cards(*[T4] * 8, conf={"MODEL_MAX_LEN": "10000000"})
    assert eight == 32768
    assert 0 <= host.check().said["largest_context"] - 2 * shared <= 32
