"""A folder that looks like the root of a host with NVIDIA GPUs, and what gpu.sh makes of it.

Its programs answer as the real ones were seen to; what a real driver does is not proven by it.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.host.bundle import HOST

A100 = "NVIDIA A100-SXM4-80GB"

OPEN_KERNEL_MODULES = 550
"""From this major version on the trees tell of the open kernel modules, whose line is another."""

ASK = r"""
for part in messages messages_gpu report gpu image; do . "$0/lib/$part.sh"; done
SMI_PATIENCE=$1
DOCKER=docker
find_gpus
find_gpu_access
for name in COUNT DRIVER LINES MIG FAULT ACCESS OPTIONS SPEC NODES LIBRARIES LACKS; do
    eval "value=\$GPU_$name"
    printf '%s=%s\036' "$name" "$value"
done
"""


@dataclass(frozen=True)
class GpuHost:
    """The folder, and the shell that looks at it."""

    root: Path
    shell: list[str]

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def program(self, path: str, script: str) -> None:
        self.write(path, "#!/bin/sh\n" + script).chmod(0o755)

    def link(self, path: str, target: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)

    def driver(self, version: str, gpus: int = 1, model: str = A100) -> None:
        """The kernel module, its device nodes, and what it tells in /proc."""
        kind = (
            "UNIX Open Kernel Module for x86_64"
            if int(version.partition(".")[0]) >= OPEN_KERNEL_MODULES
            else "UNIX x86_64 Kernel Module"
        )
        self.write(
            "proc/driver/nvidia/version",
            f"NVRM version: NVIDIA {kind}  {version}  Sun May 12 19:39:15 UTC 2024\n"
            "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n",
        )
        for minor in range(gpus):
            self.write(
                f"proc/driver/nvidia/gpus/0000:{minor + 7:02x}:00.0/information",
                f"Model: \t\t {model}\nIRQ:   \t\t 21\nGPU UUID: \t GPU-0{minor}\n"
                f"Device Minor: \t {minor}\nGPU Firmware: \t {version}\nGPU Excluded:\t No\n",
            )
            self.node(f"nvidia{minor}")
        for name in ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"):
            self.node(name)

    def node(self, name: str, mode: int = 0o666) -> None:
        self.write(f"dev/{name}").chmod(mode)

    def libraries(self, folder: str, version: str) -> None:
        """The driver's libraries as its packages install them."""
        names = {"libcuda": "1", "libnvidia-ml": "1", "libnvidia-ptxjitcompiler": "1"}
        major = int(version.partition(".")[0])
        if major >= 535:
            names["libnvidia-nvvm"] = "4"
        if major >= 550:
            self.write(f"{folder}/libnvidia-gpucomp.so.{version}", "library")
        for name, number in names.items():
            self.write(f"{folder}/{name}.so.{version}", "library")
            self.link(f"{folder}/{name}.so.{number}", f"{name}.so.{version}")

    def ldconfig(self, *lines: str) -> None:
        listed = "".join(f"\t{line}\n" for line in lines)
        script = f"cat <<'EOF'\n{len(lines)} libs found in cache `/etc/ld.so.cache'\n{listed}EOF\n"
        self.program("sbin/ldconfig", script)

    def nvidia_smi(self, *lines: str, listed: str = "", compute_cap: bool = True) -> None:
        """It prints these lines for --query-gpu; old ones refuse to be asked for compute_cap."""
        refuse = (
            "case $1 in *compute_cap*)\n"
            "echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2 ;; esac\n"
        )
        text = "\n".join(lines)
        self.program(
            "usr/bin/nvidia-smi",
            f"case $1 in -L) cat <<'EOF'\n{listed}\nEOF\nexit ;; esac\n"
            + ("" if compute_cap else refuse)
            + f"cat <<'EOF'\n{text}\nEOF\n",
        )

    def broken_nvidia_smi(self, said: str) -> None:
        self.program("usr/bin/nvidia-smi", f"echo '{said}'; exit 18\n")

    def docker(
        self, runtimes: tuple[str, ...] = ("runc",), cdi: tuple[str, ...] | None = None
    ) -> None:
        """Docker's client; cdi: the folders it looks for specifications in, None before 25.0."""
        known = json.dumps({name: {"path": name} for name in runtimes})
        folders = "exit 1" if cdi is None else f"printf '%s\\n' {' '.join(cdi)}"
        self.program(
            "client/docker",
            f"case $* in *CDISpecDirs*) {folders} ;; *Runtimes*) echo '{known}' ;; esac\n",
        )

    def ask(self, patience: int = 60) -> dict[str, str]:
        """What find_gpus and find_gpu_access set, paths without the folder.

        Args:
            patience: The seconds that nvidia-smi may take.
        """
        done = subprocess.run(
            [*self.shell, "-uc", ASK, HOST, str(patience)],
            env={"PATH": f"{self.root}/client:/usr/bin:/bin", "AIRGAP_HOST_ROOT": str(self.root)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert (done.returncode, done.stderr) == (0, "")
        pairs = (each.partition("=") for each in done.stdout.rstrip("\036").split("\036"))
        return {key: value.replace(str(self.root), "") for key, _, value in pairs}
