"""A host as `airgap check` meets it: a folder with its files, and stand-ins for its programs."""

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.host import docker_answers
from tests.host.bundle import BUNDLE_CONF, HOST
from tests.host.gpu_host import GpuHost
from tests.ports import free_port

QWEN = {
    "DEVICE": "cuda",
    "SERVER_STACK": "vllm-cu12",
    "STACK_CUDA": "12.8",
    "STACK_DRIVER": "525",
    "STACK_CAPABILITIES": "7.5 8.0 8.6 9.0 10.0 12.0",
    "MODEL_WEIGHTS": "15442649088",
    "MODEL_KV_PER_TOKEN": "524288",
    "MODEL_MAX_LEN": "32768",
    "MODEL_HEADS": "32",
    "MODEL_KV_HEADS": "32",
    "MODEL_ARCHITECTURE": "Qwen2ForCausalLM",
    "IMAGE_SIZE": "1000",
    "BUNDLE_SIZE": "3000",
    "GPU_MEMORY_UTILIZATION": "0.95",
    "DTYPE": "half",
    "SERVER_MEMORY": "16g",
}
SMALL = {
    "MODEL_WEIGHTS": "269000000",
    "MODEL_KV_PER_TOKEN": "23040",
    "MODEL_MAX_LEN": "8192",
    "IMAGE_SIZE": "1000",
    "BUNDLE_SIZE": "3000",
}

CARD = "NVIDIA GeForce RTX 4090, 24564, 8.9"


@dataclass(frozen=True)
class Checked:
    """What `airgap check --json` said."""

    code: int
    said: dict[str, Any]

    def state(self, name: str) -> str:
        """The worst state of the findings of this name; empty if there is none."""
        states = [each["state"] for each in self.said["checks"] if each["name"] == name]
        return max(states, key=["ok", "warn", "stop"].index, default="")

    def of(self, name: str) -> str:
        """All that was said of the check."""
        found = (each for each in self.said["checks"] if each["name"] == name)
        return " | ".join(f"{each['found']}; {each['needed']}; {each['to_do']}" for each in found)

    @property
    def stops(self) -> set[str]:
        return {each["name"] for each in self.said["checks"] if each["state"] == "stop"}


@dataclass
class CheckedHost:
    """The bundle's program with bundle.conf alone, as it is carried over first, and the host."""

    folder: Path
    shell: list[str]
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gpu = GpuHost(self.folder / "root", self.shell)
        self.bundle = self.folder / "交付 包" / "demo"
        self.bundle.mkdir(parents=True)
        shutil.copytree(HOST / "lib", self.bundle / "lib")
        shutil.copy(HOST / "airgap", self.bundle)
        self.environ = {
            "PATH": f"{self.folder}/programs:{self.gpu.root}/client:/usr/bin:/bin",
            "HOME": str(self.gpu.root / "home"),
            "LANG": "C.UTF-8",
            "AIRGAP_HOST_ROOT": str(self.gpu.root),
            "AIRGAP_SERVER_PORT": str(free_port()),
            "AIRGAP_AGENT_PORT": str(free_port()),
        }
        self.conf(**SMALL)
        self.write("etc/os-release", 'NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
        self.cpu("fpu sse4_2 avx avx2 avx512f")
        self.memory(64, 60)
        self.write("proc/sys/net/ipv4/ip_forward", "1\n")
        self.write("proc/sys/kernel/osrelease", "6.1.0-28-amd64\n")
        self.write("sys/kernel/security/lsm", "lockdown,capability,landlock,yama,apparmor")
        self.write("var/lib/docker/.keep")
        self.program("uname", "echo x86_64\n")
        self.disks(var=100, rest=100)
        self.docker(docker_answers.DOCKER_24)

    def write(self, path: str, text: str = "") -> None:
        self.gpu.write(path, text)

    def program(self, name: str, script: str) -> None:
        """Something on PATH that stands in for the host's own."""
        path = self.folder / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def conf(self, **changed: str) -> None:
        values = {**BUNDLE_CONF, **changed}
        lines = [f"{key}='{value}'\n" for key, value in values.items()]
        (self.bundle / "bundle.conf").write_text("".join(lines))

    def cpu(self, flags: str) -> None:
        text = f"processor\t: 0\nmodel name\t: Xeon\nflags\t\t: {flags}\n\n"
        self.write("proc/cpuinfo", text + text.replace(": 0", ": 1"))

    def memory(self, total: int, free: int) -> None:
        """In GB."""
        text = f"MemTotal:  {total * 10**6} kB\nMemFree: 1 kB\nMemAvailable: {free * 10**6} kB\n"
        self.write("proc/meminfo", text)

    def disks(self, var: int, rest: int) -> None:
        """A file system at /var and one for everything else, with so many GB free."""
        self.program(
            "df",
            "for path; do :; done\n"
            "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'\n"
            f"case $path in {shlex.quote(str(self.gpu.root))}/var/*)"
            f" echo '/dev/sdb 9 9 {var * 10**9 // 1024} 50% /var' ;;\n"
            f"*) echo '/dev/mapper/a b 9 9 {rest * 10**9 // 1024} 50% /' ;; esac\n",
        )

    def docker(
        self, info: str, image: str = "", running: str = "", code: int = 0, cdi: str = ""
    ) -> None:
        """Docker's client: what info says, the id of the image, ps, and the folder for CDI."""
        (self.folder / "info").write_text(info + "\n")
        self.program(
            "docker",
            f"case $* in\n*CDISpecDirs*) echo {cdi} ;;\n*Runtimes*) echo runc ;;\n"
            f"info*) cat {shlex.quote(str(self.folder / 'info'))}; exit {code} ;;\n"
            f"image*) {f'echo {image}' if image else 'exit 1'} ;;\n"
            f"ps*) printf '%s' '{running}' ;;\nesac\n",
        )

    def cards(
        self,
        *cards: str,
        driver: str = "570.86.15",
        used: int = 0,
        conf: Mapping[str, str] | None = None,
    ) -> None:
        """GPUs (name, MiB, compute capability) with driver and libraries, and a bundle for them."""
        self.conf(**{**QWEN, **(conf or {})})
        shutil.rmtree(self.gpu.root / "usr/lib", ignore_errors=True)
        self.gpu.driver(driver, len(cards))
        self.gpu.libraries("/usr/lib/x86_64-linux-gnu", driver)
        named = [card.split(", ") for card in cards]
        listed = [
            f"{index}, {name}, {memory}, {driver}, [N/A], {capability}"
            for index, (name, memory, capability) in enumerate(named)
        ]
        usage = [f"{index}, {memory}, {used}" for index, (_, memory, _) in enumerate(named)]
        self.gpu.program(
            "usr/bin/nvidia-smi",
            "case $1 in\n"
            f"*memory.used) cat <<'E'\n{chr(10).join(usage)}\nE\n;;\n"
            "*compute-apps*) echo '4711, /usr/bin/python3, 9000 MiB' ;;\n"
            f"*) cat <<'E'\n{chr(10).join(listed)}\nE\n;;\nesac\n",
        )

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs the check; its errors must not be those of sh."""
        began = time.monotonic()
        done = subprocess.run(
            [*self.shell, str(self.bundle / "airgap"), "check", *arguments],
            cwd="/",
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.stderr == ""
        assert time.monotonic() - began < 60
        return done

    def check(self, **environ: str) -> Checked:
        done = self.run("--json", **environ)
        said = json.loads(done.stdout)
        assert done.returncode == (0 if said["can_run"] else 1)
        return Checked(done.returncode, said)


def everything_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file, by which one sees a change."""
    found = {}
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            stat = os.lstat(os.path.join(parent, name))
            found[os.path.join(parent, name)] = (stat.st_size, stat.st_mtime_ns)
    return found
