"""Running the program of a small bundle, and what it asked of Docker."""

import ast
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.signals import reset_signals

SOURCES = Path(__file__).resolve().parents[2] / "src"
HOST = SOURCES / "host"
STAND_IN = Path(__file__).with_name("stand_in_docker.py")

BUNDLE_CONF = {
    "BUNDLE": "demo",
    "IMAGE": "localhost/airgap/demo:0123456789ab",
    "IMAGE_ID": "sha256:" + "1" * 64,
    "IMAGE_MANIFEST": "sha256:" + "2" * 64,
    "SERVER_STACK": "vllm-cpu",
    "AGENT_STACK": "agent",
    "LLM": "small",
    "LLM_NAME": "small-instruct",
    "EMBEDDING": "minilm",
    "AGENT": "example",
    "DEVICE": "cpu",
    "MAX_MODEL_LEN": "8192",
}


def path_without(program: str, folder: Path, path: str) -> str:
    """Makes ``folder`` a PATH with all programs of another PATH but one."""
    folder.mkdir()
    for place in path.split(":"):
        for found in Path(place).glob("*"):
            if found.name != program and not (folder / found.name).is_symlink():
                (folder / found.name).symlink_to(found)
    return str(folder)


def environ_in(folder: Path) -> dict[str, str]:
    """What each program of the host gets; its temporary files, which a kill leaves, are below."""
    scratch = folder / "temporary 文件"
    scratch.mkdir(exist_ok=True)
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(scratch)}


@dataclass(frozen=True)
class Bundle:
    """A bundle folder, and how to run its program."""

    root: Path
    docker: Path
    shell: list[str]
    settings: dict[str, str]

    @property
    def state(self) -> Path:
        """The state folder, where no setting names another."""
        return self.root.parent / "demo-state"

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs ``airgap`` with these arguments, from a folder that is not the bundle's."""
        return subprocess.run(
            [*self.shell, str(self.root / "airgap"), *arguments],
            cwd="/",
            env=self.environ(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def start(self, *arguments: str | Path, **environ: str) -> "subprocess.Popen[str]":
        """Starts ``airgap`` in a session of its own, so that all of it can be sent a signal."""
        return subprocess.Popen(
            [*self.shell, self.root / "airgap", *arguments],
            cwd="/",
            env=self.environ(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=reset_signals,
            start_new_session=True,
        )

    def environ(self, more: dict[str, str]) -> dict[str, str]:
        """The environment in which the program runs, and nothing of this process's own."""
        inherited = environ_in(self.docker)
        return {
            **inherited,
            "PATH": f"{self.docker}:{inherited['PATH']}",
            "STAND_IN": str(self.docker),
            **self.settings,
            **more,
        }

    def fails(self, *arguments: str, **environ: str) -> str:
        """Runs, expects exit code 1 and an error of this program, and returns what it said."""
        done = self.run(*arguments, **environ)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "airgap: " in done.stderr
        return done.stderr

    def docker_says(self, name: str, text: str) -> None:
        (self.docker / name).write_text(text)

    def calls(self, *beginning: str) -> list[list[str]]:
        """The calls of Docker's client so far that begin with these words."""
        path = self.docker / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        calls: list[list[str]] = [ast.literal_eval(line) for line in lines]
        return [call for call in calls if call[: len(beginning)] == list(beginning)]

    def created(self, service: str) -> list[str]:
        """The arguments with which the service's container was made last."""
        return self.calls("create", "--name", f"airgap-demo-{service}")[-1]

    @property
    def containers(self) -> dict[str, dict[str, Any]]:
        """What the stand-in for Docker knows of each container, by name."""
        found = sorted(self.docker.glob("container-*"))
        return {
            path.name.removeprefix("container-"): ast.literal_eval(path.read_text())
            for path in found
        }

    def has_container(self, name: str, known: dict[str, Any]) -> None:
        """From now on the stand-in for Docker knows this of a container."""
        self.docker_says(f"container-{name}", repr(known))

    def write_manifest(self) -> str:
        """Writes MANIFEST for what is there, and returns the bundle's digest."""
        lines = []
        for path in sorted(self.root.rglob("*"), key=lambda path: bytes(path)):
            if path.is_file() and path.name not in ("MANIFEST", "airgap.conf"):
                content = path.read_bytes()
                name = path.relative_to(self.root)
                lines.append(f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}\n")
        text = "airgap-manifest 1\n" + "".join(lines)
        (self.root / "MANIFEST").write_text(text)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def has(call: list[str], *words: str) -> bool:
    """Do these words stand in a call of Docker's client, one after the other?"""
    return any(call[i : i + len(words)] == list(words) for i in range(len(call)))


def server_environ(bundle: Bundle) -> dict[str, str]:
    """What the model server's container got by --env."""
    call = bundle.created("server")
    pairs = [call[i + 1] for i, word in enumerate(call) if word == "--env"]
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


AGENT = {
    "name": "Kitchen 厨师",
    "avatar": "face.png",
    "description": "cooks",
    "instruction": "Cook.",
    "prompt_recommend": ["What?"],
    "tools": {},
    "model": "small-instruct",
}


def configure(bundle: Bundle, account: str = "local_user", **changed: object) -> Path:
    """Leaves an agent in the state folder as AgentFabric's page does; its folder."""
    folder = bundle.state / "agentfabric" / "config" / account
    folder.mkdir(parents=True, exist_ok=True)
    knowledge = [f"/state/config/{account}/菜谱 1.txt"]
    config = {**AGENT, "knowledge": knowledge, **changed}
    (folder / "builder_config.json").write_text(json.dumps(config, ensure_ascii=False))
    (folder / "菜谱 1.txt").write_text("The secret of the soup is thyme.")
    (folder / "face.png").write_bytes(b"\x89PNG")
    (folder / "index of an earlier knowledge.pkl").write_text("")
    return folder
