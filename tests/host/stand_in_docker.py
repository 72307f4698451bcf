"""Answers as Docker's client does, from files in the folder $STAND_IN: for faults and arguments.

image: the id of the loaded image; loads: the id that a load brings; version-error,
create-error, probe, exit, exit-<container>: what goes wrong; info-<letters of the template>: what
info says; program: what a program of pex/ prints. Calls are appended to calls, one JSON list a
line. What works on the state folder or a certificate is run for real, and so is smoke.py where
inside, JSON, says in which environment; nvidia-smi: what that prints, stats: likewise; saves: the
tar of a save.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(os.environ["STAND_IN"])
SOURCES = Path(__file__).resolve().parents[2] / "src"
PREFIX = "container-airgap-demo-"


def text(name: str) -> str:
    path = HERE / name
    return path.read_text() if path.exists() else ""


def fail(message: str) -> None:
    sys.exit(message)


def inspect_container(template: str, name: str) -> None:
    container = HERE / f"container-{name}"
    if not container.exists():
        fail(f"Error: No such object: {name}")
    digest = container.read_text()
    stopped = text("exit") or text(f"exit-{name}")
    values = {
        "{{.State.Running}}": "false" if stopped else "true",
        '{{index .Config.Labels "airgap.settings"}}': digest,
        "{{.State.OOMKilled}}": "true" if stopped == "137" else "false",
        "{{.State.ExitCode}}": stopped or "0",
    }
    for key, value in values.items():
        template = template.replace(key, value)
    print(template)


def text_of(program: str) -> str:
    return (SOURCES / "host/lib" / program).read_text().strip()


def run(arguments: list[str]) -> None:
    """Runs a program of lib/ on the state folder; of others only tells what was said to."""
    if "-c" not in arguments:
        print(text("program"), end="")
        return
    code, *rest = arguments[arguments.index("-c") + 1 :]
    known = ("agents.py", "passwords.py", "state_files.py", "certificate.py")
    if code.strip() not in map(text_of, known):
        print(text("probe"), end="")
        return
    mounts = [next(csv.reader([word])) for word in arguments if word.startswith("type=bind")]
    sources = {mount[2]: mount[1].removeprefix("source=") for mount in mounts}
    rest = [sources.get(f"target={word}", word) for word in rest]
    environ = {"PYTHONPATH": str(SOURCES), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", code, *rest], env=environ)
    sys.exit(done.returncode)


def execute(container: str, arguments: list[str]) -> None:
    if text("exit") or text(f"exit-{container}"):
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
    return [path.name.removeprefix("container-") for path in HERE.glob("container-*")]


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
        case ["image", "inspect", "--format", _, reference]:
            if reference.startswith("sha256:") or not text("image"):
                fail(f"Error: No such image: {reference}")
            print(text("image"))
        case ["image", "ls", *_, repository]:
            print(f"{repository}:0123456789ab" if text("image") else "")
        case ["image", "rm", _]:
            (HERE / "image").unlink()
        case ["load"]:
            (HERE / "loaded.tar").write_bytes(sys.stdin.buffer.read())
            (HERE / "image").write_text(text("loads"))
        case ["save", _]:
            sys.stdout.buffer.write((HERE / "saves").read_bytes())
        case ["run", *_]:
            run(arguments)
        case ["create", "--name", name, *rest]:
            if text("create-error"):
                fail(text("create-error"))
            label = next(value for value in rest if value.startswith("airgap.settings="))
            (HERE / f"container-{name}").write_text(label.partition("=")[2])
        case ["inspect", "--format", template, name]:
            inspect_container(template, name)
        case ["inspect", name]:
            inspect_container("", name)
        case ["exec", *rest]:
            (container,) = (word for word in rest if word.startswith("airgap-demo-"))
            execute(container, rest)
        case ["stats", *_]:
            print(text("stats"))
        case ["logs", *_]:
            print(text(f"logs-{arguments[-1]}") or "RuntimeError: no such kernel")
        case ["ps", "-a", *_]:
            print("\n".join(path.name.removeprefix(PREFIX) for path in HERE.glob(f"{PREFIX}*")))
        case ["ps", "-aq", *_]:
            print("\n".join(containers()))
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
        case ["start", *_] | ["stop", *_] | ["ps", *_] | ["network", "connect", *_]:
            pass
        case _:
            fail(f"unexpected: {arguments}")


main(sys.argv[1:])
