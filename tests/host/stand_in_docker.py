"""Answers as Docker's client does, from files in the folder $STAND_IN: for faults and arguments.

image: the id of the loaded image; loads: the id that a load brings; images: references and layers
of all, JSON; version-error, create-error, update-error, rm-error, probe, exit, exit-<container>:
what goes wrong; signal-<command>: the number of the signal that the whole group of processes gets,
as by Ctrl-C, when that command was done; info-<letters of the template>: what info says; program:
what a program of pex/ prints. Calls are appended to calls, one JSON list a line. What works on the
state folder or a certificate is run for real, and so is smoke.py where inside, JSON, says in which
environment; nvidia-smi: what that prints, stats: likewise; saves: the tar of a save.
container-<name> holds what is known of a container, JSON.
"""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(os.environ["STAND_IN"])
SOURCES = Path(__file__).resolve().parents[2] / "src"


def text(name: str) -> str:
    path = HERE / name
    return path.read_text() if path.exists() else ""


def fail(message: str) -> None:
    sys.exit(message)


def container(name: str) -> dict[str, Any]:
    known = text(f"container-{name}")
    if not known:
        fail(f"Error: No such container: {name}")
    found: dict[str, Any] = json.loads(known)
    return found


def change_container(name: str, **changed: object) -> None:
    (HERE / f"container-{name}").write_text(json.dumps(container(name) | changed))


def fill_in(template: str, name: str) -> str:
    known = container(name)
    stopped = text("exit") or text(f"exit-{name}")
    values = {
        "{{.Names}}": name,
        "{{.Image}}": known["image"],
        "{{.Config.Image}}": known["image"],
        "{{.State.Running}}": "true" if known["running"] and not stopped else "false",
        "{{.State.OOMKilled}}": "true" if stopped == "137" else "false",
        "{{.State.ExitCode}}": stopped or "0",
    }
    for key, value in values.items():
        template = template.replace(key, value)
    label = r'\{\{(?:\.Label|index \.Config\.Labels) "(.*?)"}}'
    return re.sub(label, lambda match: known["labels"].get(match[1], ""), template)


def create(name: str, rest: list[str]) -> None:
    if text("create-error"):
        fail(text("create-error"))
    if name in containers():
        fail(f"Conflict. The container name {name} is already in use")
    labels = [rest[i + 1].split("=", 1) for i, word in enumerate(rest) if word == "--label"]
    image = next(word for word in rest if word.startswith("localhost/airgap/"))
    known = {"labels": dict(labels), "image": image, "running": False}
    (HERE / f"container-{name}").write_text(json.dumps(known))


def rename(name: str, other: str) -> None:
    if other in containers():
        fail(f"Conflict. The container name {other} is already in use")
    container(name)
    (HERE / f"container-{name}").rename(HERE / f"container-{other}")


def images() -> dict[str, list[tuple[str, int]]]:
    """The layers of each, from the lowest on: digest and size."""
    found: dict[str, list[tuple[str, int]]] = json.loads(text("images") or "{}")
    return found


def listed_containers(arguments: list[str]) -> list[str]:
    """Those whose label the filter names."""
    key, value = arguments[arguments.index("--filter") + 1].removeprefix("label=").split("=", 1)
    return [name for name in containers() if container(name)["labels"].get(key) == value]


def text_of(program: str) -> str:
    return (SOURCES / "host/lib" / program).read_text().strip()


def run(arguments: list[str]) -> None:
    """Runs a program of lib/ on the state folder; of others only tells what was said to."""
    if "-c" not in arguments:
        print(text("program"), end="")
        return
    code, *rest = arguments[arguments.index("-c") + 1 :]
    known = ("agents.py", "passwords.py", "state_files.py", "certificate.py", "versions.py")
    if code.strip() not in map(text_of, known):
        print(text("probe"), end="")
        return
    mounts = [next(csv.reader([word])) for word in arguments if word.startswith("type=bind")]
    sources = {mount[2]: mount[1].removeprefix("source=") for mount in mounts}
    rest = [sources.get(f"target={word}", word) for word in rest]
    environ = {"PYTHONPATH": str(SOURCES), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", code, *rest], env=environ)
    sys.exit(done.returncode)


def execute(name: str, arguments: list[str]) -> None:
    if text("exit") or text(f"exit-{name}") or not container(name)["running"]:
        fail("not running")
    if "nvidia-smi" in arguments:
        if not text("nvidia-smi"):
            fail("exec: nvidia-smi: not found")
        print(text("nvidia-smi"), end="")
    elif text("inside") and text_of("smoke.py") in (word.strip() for word in arguments):
        code, *rest = arguments[arguments.index("-c") + 1 :]
        environ = json.loads(text("inside"))
        sys.exit(subprocess.run([sys.executable, "-c", code, *rest], env=environ).returncode)


def remove(names: list[str]) -> None:
    for name in names:
        (HERE / f"container-{name}").unlink(missing_ok=True)


def containers() -> list[str]:
    return sorted(path.name.removeprefix("container-") for path in HERE.glob("container-*"))


def main(arguments: list[str]) -> None:
    with (HERE / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    match arguments:
        case ["version", *_]:
            if text("version-error"):
                fail(text("version-error"))
            print("20.10.24")
        case ["info", "--format", template]:
            print(text("info-" + "".join(filter(str.isalpha, template))))
        case ["image", "inspect", "--format", template, *references] if "Layers" in template:
            for reference in references:
                print("\n".join(digest for digest, _ in images().get(reference, [])))
        case ["image", "inspect", "--format", _, reference]:
            if reference.startswith("sha256:") or not text("image"):
                fail(f"Error: No such image: {reference}")
            print(text("image"))
        case ["image", "ls", *_, repository]:
            print(f"{repository}:0123456789ab" if text("image") else "")
        case ["image", "rm", _] if text("rm-error"):
            fail(text("rm-error"))
        case ["image", "rm", reference] if reference in images():
            left = {name: layers for name, layers in images().items() if name != reference}
            (HERE / "images").write_text(json.dumps(left))
        case ["image", "rm", _]:
            (HERE / "image").unlink()
        case ["images", "--format", _, repository]:
            print("\n".join(name for name in images() if name.startswith(f"{repository}:")))
        case ["images", *_]:
            print("\n".join(images()))
        case ["history", *_, reference]:
            print("\n".join(str(size) for _, size in reversed(images()[reference])))
        case ["load"]:
            (HERE / "loaded.tar").write_bytes(sys.stdin.buffer.read())
            (HERE / "image").write_text(text("loads"))
        case ["save", _]:
            sys.stdout.buffer.write((HERE / "saves").read_bytes())
        case ["run", *_]:
            run(arguments)
        case ["create", "--name", name, *rest]:
            create(name, rest)
        case ["rename", name, other]:
            rename(name, other)
        case ["start", name]:
            change_container(name, running=True)
        case ["stop", "-t", _, *names]:
            for name in names:
                change_container(name, running=False)
        case ["update", "--restart", policy, *names]:
            if text("update-error"):
                fail(text("update-error"))
            for name in names:
                change_container(name, restart=policy)
        case ["inspect", "--format", template, name]:
            print(fill_in(template, name))
        case ["inspect", name]:
            container(name)
        case ["exec", *rest]:
            (name,) = (word for word in rest if word.startswith("airgap-demo-"))
            execute(name, rest)
        case ["stats", *_]:
            print(text("stats"))
        case ["logs", *_]:
            print(text(f"logs-{arguments[-1]}") or "RuntimeError: no such kernel")
        case ["ps", "-a", *_, "--format", template]:
            for name in listed_containers(arguments):
                print(fill_in(template, name))
        case ["ps", "-aq", *_]:
            print("\n".join(listed_containers(arguments)))
        case ["rm", "-f", *names]:
            remove(names)
        case ["network", "inspect", name]:
            if not (HERE / f"network-{name}").exists():
                fail("Error: No such network")
        case ["network", "create", *_, name]:
            (HERE / f"network-{name}").write_text("")
        case ["network", "ls", *_]:
            print("\n".join(path.name[len("network-") :] for path in HERE.glob("network-*")))
        case ["network", "rm", *names]:
            for name in names:
                (HERE / f"network-{name}").unlink(missing_ok=True)
        case ["ps", *_] | ["network", "connect", *_]:
            pass
        case _:
            fail(f"unexpected: {arguments}")
    if number := text(f"signal-{arguments[0]}"):
        (HERE / f"signal-{arguments[0]}").unlink()
        os.killpg(0, int(number))


main(sys.argv[1:])
