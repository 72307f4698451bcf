"""The image of the stack for CUDA made by us, and by `docker build` and `docker save`, per GB.

As `bench.docker_build`, which says what Docker gets, but of this one stack, cold only, with our
layers removed before Docker begins: all of it takes about 30 GB for a while. Names of packages as
arguments leave out the other wheels, where the disk has less.
"""

import resource
import shutil
import sys
import time
from dataclasses import replace

from airgap.image.build import ImageSpec, Stack, make_layer, plan_layers
from airgap.locks.python import normalise
from airgap.store import Blob, Store
from bench.docker_build import DOCKER, context, docker
from bench.image import image_of, new_store, scratch, write_image
from bench.measure import megabytes, seconds, show, size_of

TARGET = "bundles/qwen1_5_7b:image"
STACK = "vllm-cu12"


def stack_image(packages: set[str]) -> ImageSpec:
    """The image with one stack, or with some packages of it, and nothing else."""
    spec = image_of(TARGET)
    (stack,) = (stack for stack in spec.stacks if stack.name == STACK)
    wheels = stack.wheels
    if packages:
        wheels = {f: blob for f, blob in wheels.items() if normalise(f.split("-")[0]) in packages}
    return replace(spec, stacks=[Stack(STACK, wheels)])


def drop(store: Store, layers: list[Blob]) -> None:
    for layer in layers:
        store.path(layer).unlink()


def main() -> None:
    spec = stack_image(set(sys.argv[1:]))
    (stack,) = spec.stacks
    wheels = sum(blob.size for blob in stack.wheels.values())
    with scratch() as folder:
        store = new_store(folder, spec)
        plan = plan_layers(spec)
        base = make_layer(store, plan[0])
        start = time.perf_counter()
        write_image(store, spec, folder / "image")
        ours = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        image = size_of(folder / "image")
        drop(store, [make_layer(store, layer) for layer in plan[1:]])
        shutil.rmtree(folder / "image")
        place = context(folder, store, spec)
        (place / "app").mkdir()
        with docker(folder) as environment:
            seconds([DOCKER, "import", store.path(base), "bench/base"], **environment)
            build = seconds(
                [DOCKER, "build", "--network", "none", "--tag", "bench", place], **environment
            )
            tar = folder / "image.tar"
            save = seconds([DOCKER, "save", "--output", tar, "bench"], **environment)
            saved = tar.stat().st_size
    show(
        [
            ("wheels", f"{len(stack.wheels)}, {megabytes(wheels)}"),
            ("docker build", f"{build:.1f} s"),
            ("docker save", f"{save:.1f} s"),
            ("docker's tar", megabytes(saved)),
            ("docker, per GB of tar", f"{(build + save) / saved * 1e9:.1f} s"),
            ("ours, image folder written", f"{ours:.1f} s"),
            ("our folder", megabytes(image)),
            ("ours, per GB of folder", f"{ours / image * 1e9:.1f} s"),
            ("ours, largest process", megabytes(memory)),
            ("docker / ours", f"{(build + save) / ours:.1f}"),
        ]
    )


if __name__ == "__main__":
    main()
