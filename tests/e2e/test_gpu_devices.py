"""The device nodes and the driver's libraries arrive in a container of a real Docker.

The nodes are those of /dev/null under other names, and the driver is made here: that a GPU
works so is not proven by it.
"""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle, shadow
from tests.e2e.needs import program
from tests.host.gpu_host import A100, GpuHost

VERSION = "535.183.01"
VIDEO = 44
"""A group that nobody in the image belongs to, as Debian's `video`."""

DRIVER = """
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
int cuInit(unsigned flags) {
    if (open("/dev/nvidia0", O_RDWR) < 0) return 2000;
    if (open("/dev/nvidiactl", O_RDWR) < 0) return 2001;
    if (open("/dev/nvidia-uvm", O_RDWR) < 0) return 2002;
    if (!dlopen("libnvidia-ml.so.1", RTLD_NOW)) return 2003;
    if (!dlopen("libnvidia-ptxjitcompiler.so.1", RTLD_NOW)) return 2004;
    if (!dlopen("libnvidia-nvvm.so.4", RTLD_NOW)) return 2005;
    if (access("/usr/bin/nvidia-smi", X_OK)) return 2006;
    return 100; /* CUDA_ERROR_NO_DEVICE */
}
int cuDeviceGetCount(int *count) { return 100; }
"""


@pytest.fixture
def host(tmp_path: Path) -> GpuHost:
    """A host with a GPU whose nodes only the group `video` may use."""
    made = GpuHost(tmp_path / "root", ["sh"])
    folder = "/usr/lib/x86_64-linux-gnu"
    made.driver(VERSION)
    made.libraries(folder, VERSION)
    made.nvidia_smi(f"0, {A100}, 81920, {VERSION}, Disabled, 8.0")
    made.write("driver.c", DRIVER)
    for library in (made.root / folder.lstrip("/")).glob(f"*.so.{VERSION}"):
        command = [program("cc"), "-shared", "-fPIC", "-o", library, made.root / "driver.c"]
        subprocess.run([str(word) for word in command], check=True, timeout=60)
    for node in (made.root / "dev").iterdir():
        node.unlink()
        os.mknod(node, stat.S_IFCHR, os.makedev(1, 3))
        os.chown(node, 0, VIDEO)
        node.chmod(0o660)
    return made


def test_the_server_opens_the_nodes_and_loads_the_driver(
    served: Bundle, demo_folder: Path, host: GpuHost, tmp_path: Path
) -> None:
    shadow(demo_folder, tmp_path / "demo")
    conf = tmp_path / "demo" / "bundle.conf"
    text = conf.read_text()
    # Under a name and on ports of its own, so that the demo beside it goes on.
    for ours, theirs in {"DEVICE='cpu'": "DEVICE='cuda'", "BUNDLE='demo'": "BUNDLE='gpu'"}.items():
        assert ours in text
        text = text.replace(ours, theirs)
    conf.write_text(text)
    before = served.left()
    done = Bundle(tmp_path / "demo", served.environ).airgap(
        "up",
        AIRGAP_SERVER_PORT="8018",
        AIRGAP_AGENT_PORT="8019",
        AIRGAP_HOST_ROOT=str(host.root),
        AIRGAP_STATE_DIR=str(tmp_path / "state"),
        AIRGAP_LLM_DIR=str(demo_folder / "models" / "smollm2_135m_instruct"),
        AIRGAP_EMBEDDING_DIR=str(demo_folder / "models" / "minilm"),
    )
    assert done.returncode == 1
    assert "the NVIDIA driver does not start: it sees no GPU" in done.stderr
    assert served.left() == before
