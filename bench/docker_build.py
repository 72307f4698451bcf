"""The demo's image made by us, and by `docker build` and `docker save` from the same files.

Both start with the wheels and the finished base at hand, and are timed cold, with nothing else made
before, and after one changed line in an app. Docker gets what makes it quick: the wheelhouse as a
bind mount of BuildKit (never a layer), one step a stack, the apps in a layer of their own at the
end. A daemon is started for this, with its data in a folder that is removed at the end. Needs root,
dockerd, and pip as a wheel, which this machine's pip downloads. Ours is timed without Pants around
it; what Pants adds is what `no_change` prints. Names of stacks as arguments leave out the others:
all of the demo's take about 35 GB for a while.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from airgap.image.build import ImageSpec, make_layer, plan_layers
from airgap.store import Store
from bench.image import demo_image, new_store, scratch, with_app, write_image
from bench.measure import megabytes, seconds, show, size_of

# The command needs BuildKit: Docker 20.10's own, or a later one with its buildx plugin.
DOCKER = os.environ.get("DOCKER", "docker")

FIRST = "FROM bench/base\nCOPY pip.whl /tmp/pip.whl\n"
STACK = """\
RUN python3.11 -m venv --without-pip /opt/{name}
RUN --mount=type=bind,source=wheelhouse/{name},target=/wheelhouse \\
    python3.11 /tmp/pip.whl/pip --python /opt/{name}/bin/python install --no-index --no-deps \\
    --find-links /wheelhouse --require-hashes -r /wheelhouse/requirements.txt
"""
LAST = "COPY app /opt/app\n"


@contextlib.contextmanager
def docker(folder: Path) -> Iterator[dict[str, str]]:
    """A daemon of its own; gives the environment with which `docker` finds it."""
    socket = f"unix://{folder}/socket"
    command = [
        *("dockerd", "--host", socket, "--bridge", "none", "--iptables=false", "--ip-masq=false"),
        *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
        *("--pidfile", f"{folder}/pid"),
    ]
    environment = {"DOCKER_HOST": socket, "DOCKER_BUILDKIT": "1"}
    with open(folder / "log", "wb") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(100):
            asked = [DOCKER, "version"]
            quiet = subprocess.DEVNULL
            done = subprocess.run(
                asked,
                env={**os.environ, **environment},
                stdout=quiet,
                stderr=quiet,
                check=False,
            )
            if done.returncode == 0:
                break
            if daemon.poll() is not None:
                sys.exit((folder / "log").read_text())
            time.sleep(0.3)
        yield environment
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def context(folder: Path, store: Store, spec: ImageSpec) -> Path:
    """The folder that `docker build` gets; wheels are hard links."""
    place = folder / "context"
    for stack in spec.stacks:
        wheelhouse = place / "wheelhouse" / stack.name
        wheelhouse.mkdir(parents=True)
        lines = []
        for name, blob in stack.wheels.items():
            store.link(blob, wheelhouse / name)
            lines.append(f"./{name} --hash=sha256:{blob.sha256}\n".replace("./", "/wheelhouse/"))
        (wheelhouse / "requirements.txt").write_text("".join(lines))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(place),
        "pip",
    ]
    subprocess.run(pip, check=True)
    next(place.glob("pip-*.whl")).rename(place / "pip.whl")
    stacks = "".join(STACK.format(name=stack.name) for stack in spec.stacks)
    (place / "Dockerfile").write_text(FIRST + stacks + LAST)
    return place


def put_app(place: Path, store: Store, spec: ImageSpec) -> None:
    for path, blob in spec.app.items():
        store.link(blob, place / "app" / path)


def main() -> None:
    spec = demo_image()
    if chosen := sys.argv[1:]:
        spec = replace(spec, stacks=[stack for stack in spec.stacks if stack.name in chosen])
    with scratch() as folder:
        store = new_store(folder, spec)
        old, new = (with_app(store, spec, f"# {secrets.token_hex(8)}\n") for _ in range(2))
        base = store.path(make_layer(store, plan_layers(old)[0]))
        ours = []
        for version in (old, new):
            start = time.perf_counter()
            write_image(store, version, folder / "image")
            ours.append(time.perf_counter() - start)
        place = context(folder, store, spec)
        theirs = []
        with docker(folder) as environment:
            seconds([DOCKER, "import", base, "bench/base"], **environment)
            tar = folder / "image.tar"
            for version in (old, new):
                put_app(place, store, version)
                build = seconds(
                    [DOCKER, "build", "--network", "none", "--tag", "bench", place], **environment
                )
                save = seconds([DOCKER, "save", "--output", tar, "bench"], **environment)
                theirs.append((build, save))
                size = tar.stat().st_size
        image = size_of(folder / "image")
    rows = []
    for when, own, (build, save) in zip(("cold", "one line changed"), ours, theirs, strict=True):
        rows += [
            (f"{when}: docker build", f"{build:.1f} s"),
            (f"{when}: docker save", f"{save:.1f} s"),
            (f"{when}: ours, image folder written", f"{own:.1f} s"),
            (f"{when}: docker / ours", f"{(build + save) / own:.1f}"),
        ]
    show([*rows, ("docker's tar", megabytes(size)), ("our folder", megabytes(image))])


if __name__ == "__main__":
    main()
