"""Answers as Docker's client does, from files in the folder $STAND_IN: for faults and arguments.

Usage: stand_in_docker.py SOURCES ARGUMENT…, where SOURCES is the folder src/.

image: the id of the loaded image; loads: the id that a load brings; images: references and layers
of all, JSON; version-error, create-error, update-error, rm-error, probe, exit, exit-<container>:
what goes wrong; signal-<command>: the number of the signal that the whole group of processes gets,
as by Ctrl-C, when that command was done; info-<letters of the template>: what info says; program:
what a program of pex/ prints. Calls are appended to calls, a list of Python's a line. What works on
the state folder or a certificate is run for real, and so is smoke.py where inside, JSON, says in
which environment; nvidia-smi: what that prints, stats: likewise; saves: the tar of a save.
container-<name> holds what is known of a container, as Python writes a dictionary.

One ``airgap up`` asks 36 times, so this imports nothing that takes longer than the answer does:
with json, re, pathlib and typing each call would take three times as long.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HERE = os.environ["STAND_IN"]
SOURCES = sys.argv[1]


def exists(name: str) -> bool:
    return os.path.exists(f"{HERE}/{name}")


def text(name: str) -> str:
    try:
        with open(f"{HERE}/{name}") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(name: str, text: str) -> None:
    with open(f"{HERE}/{name}", "w") as file:
        file.write(text)


def unlink(name: str) -> None:
    if exists(name):
        os.unlink(f"{HERE}/{name}")


def named(beginning: str) -> list[str]:
    """What follows in the names of the files that begin so."""
    found = sorted(name for name in os.listdir(HERE) if name.startswith(beginning))
    return [name.removeprefix(beginning) for name in found]


def fail(message: str) -> None:
    sys.exit(message)


def container(name: str) -> dict[str, Any]:
    known = text(f"container-{name}")
    if not known:
        fail(f"Error: No such container: {name}")
    found: dict[str, Any] = eval(known)
    return found


def change_container(name: str, **changed: object) -> None:
    write(f"container-{name}", repr(container(name) | changed))


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
    while "{{" in template:  # a label, or the first that is there of several
        before, _, rest = template.partition("{{")
        action, _, after = rest.partition("}}")
        labels = [known["labels"].get(key, "") for key in action.split('"')[1::2]]
        template = before + next(filter(None, labels), "") + after
    return template


def create(name: str, rest: list[str]) -> None:
    if text("create-error"):
        fail(text("create-error"))
    if name in containers():
        fail(f"Conflict. The container name {name} is already in use")
    labels = [rest[i + 1].split("=", 1) for i, word in enumerate(rest) if word == "--label"]
    image = next(word for word in rest if word.startswith("localhost/airgap/"))
    known = {"labels": dict(labels), "image": image, "running": False}
    write(f"container-{name}", repr(known))


def rename(name: str, other: str) -> None:
    if other in containers():
        fail(f"Conflict. The container name {other} is already in use")
    container(name)
    os.rename(f"{HERE}/container-{name}", f"{HERE}/container-{other}")


def images() -> dict[str, list[tuple[str, int]]]:
    """The layers of each, from the lowest on: digest and size."""
    import json

    found: dict[str, list[tuple[str, int]]] = json.loads(text("images") or "{}")
    return found


def listed_containers(arguments: list[str]) -> list[str]:
    """Those whose label the filter names."""
    key, value = arguments[arguments.index("--filter") + 1].removeprefix("label=").split("=", 1)
    return [name for name in containers() if container(name)["labels"].get(key) == value]


def text_of(program: str) -> str:
    with open(f"{SOURCES}/host/lib/{program}") as file:
        return file.read().strip()


def run(arguments: list[str]) -> None:
    """Runs a program of lib/ on the state folder; of others only tells what was said to."""
    if "-c" not in arguments:
        print(text("program"), end="")
        return
    import csv

    code, *rest = arguments[arguments.index("-c") + 1 :]
    known = ("agents.py", "passwords.py", "state_files.py", "certificate.py", "versions.py")
    if code.strip() not in map(text_of, known):
        print(text("probe"), end="")
        return
    mounts = [next(csv.reader([word])) for word in arguments if word.startswith("type=bind")]
    sources = {mount[2]: mount[1].removeprefix("source=") for mount in mounts}
    rest = [sources.get(f"target={word}", word) for word in rest]
    python([code, *rest], {"PYTHONPATH": SOURCES, "PYTHONUTF8": "1"})


def python(words: list[str], environ: dict[str, str]) -> None:
    """Becomes a program of Python's library alone, as the image has it."""
    os.execve(sys.executable, [sys.executable, "-S", "-c", *words], environ)


def execute(name: str, arguments: list[str]) -> None:
    if text("exit") or text(f"exit-{name}") or not container(name)["running"]:
        fail("not running")
    if "nvidia-smi" in arguments:
        if not text("nvidia-smi"):
            fail("exec: nvidia-smi: not found")
        print(text("nvidia-smi"), end="")
    elif text("inside") and text_of("smoke.py") in (word.strip() for word in arguments):
        import json

        python(arguments[arguments.index("-c") + 1 :], json.loads(text("inside")))


def remove(names: list[str]) -> None:
    for name in names:
        unlink(f"container-{name}")


def containers() -> list[str]:
    return named("container-")


def main(arguments: list[str]) -> None:
    with open(f"{HERE}/calls", "a") as calls:
        calls.write(f"{arguments!r}\n")
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
            import json

            left = {name: layers for name, layers in images().items() if name != reference}
            write("images", json.dumps(left))
        case ["image", "rm", _]:
            os.unlink(f"{HERE}/image")
        case ["images", "--format", _, repository]:
            print("\n".join(name for name in images() if name.startswith(f"{repository}:")))
        case ["images", *_]:
            print("\n".join(images()))
        case ["history", *_, reference]:
            print("\n".join(str(size) for _, size in reversed(images()[reference])))
        case ["load"]:
            with open(f"{HERE}/loaded.tar", "wb") as tar:
                tar.write(sys.stdin.buffer.read())
            write("image", text("loads"))
        case ["save", _]:
            with open(f"{HERE}/saves", "rb") as tar:
                sys.stdout.buffer.write(tar.read())
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
            if not exists(f"network-{name}"):
                fail("Error: No such network")
        case ["network", "create", *_, name]:
            write(f"network-{name}", "")
        case ["network", "ls", *_]:
            print("\n".join(named("network-")))
        case ["network", "rm", *names]:
            for name in names:
                unlink(f"network-{name}")
        case ["ps", *_] | ["network", "connect", *_]:
            pass
        case _:
            fail(f"unexpected: {arguments}")
    if number := text(f"signal-{arguments[0]}"):
        unlink(f"signal-{arguments[0]}")
        os.killpg(0, int(number))


main(sys.argv[2:])
