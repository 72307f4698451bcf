"""How long wheels take to become layers, beside hashing and compressing the same bytes.

Makes all wheel layers of the demo's image in a store that has only its wheels and Debian packages,
as many at once as there are cores. Then `sha256sum` and isal's gzip (level 1) go over the layers
that came out, as many files at once. A layer costs more than its bytes: each wheel is inflated,
each file checked against RECORD, and each module compiled. Target: at most 3 times as long as the
two commands.
"""

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from airgap.image.build import LayerSpec, make_layer, plan_layers
from airgap.image.interpreter import interpreter_archive, needed
from airgap.store import Blob, Store
from bench.image import CORES, demo_image, new_store, scratch
from bench.measure import megabytes, show

COMMANDS = (["sha256sum"], [sys.executable, "-m", "isal.igzip", "-1", "-c"])


class Moment:
    """Wall-clock and processor time of all processes so far, in seconds.

    The second is there because it hardly depends on what else the machine does.
    """

    def __init__(self) -> None:
        self.time = time.perf_counter()
        self.cpu = sum(os.times()[:4])

    def since(self, start: "Moment") -> str:
        return f"{self.time - start.time:.1f} s, {self.cpu - start.cpu:.1f} s of processor"


def make_layers(store: Store, layers: list[LayerSpec]) -> list[Blob]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, spawn) as processes:
        return list(processes.map(partial(make_layer, store), layers))


def over(file: Path) -> None:
    for command in COMMANDS:
        subprocess.run([*command, file], stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    spec = demo_image()
    with scratch() as folder:
        store = new_store(folder, spec)
        # What compiles is made once for all images of one Debian lock.
        interpreter_archive(store, needed(spec.debs))
        layers = [layer for layer in plan_layers(spec) if layer.recipe.name == "wheel-layer"]
        layers.sort(key=lambda layer: -layer.size)
        start = Moment()
        blobs = make_layers(store, layers)
        made = Moment()
        with ThreadPoolExecutor(CORES) as threads:
            list(threads.map(over, map(store.path, blobs)))
        end = Moment()
    wheels = sum(layer.size for layer in layers)
    show(
        [
            ("wheels", megabytes(wheels)),
            (f"{len(layers)} layers", megabytes(sum(blob.size for blob in blobs))),
            (f"wheels to layers, {CORES} at once", made.since(start)),
            (f"sha256sum and isal's gzip of the layers, {CORES} at once", end.since(made)),
            ("ratio of times", f"{(made.time - start.time) / (end.time - made.time):.2f}"),
            ("ratio of processor times", f"{(made.cpu - start.cpu) / (end.cpu - made.cpu):.2f}"),
        ]
    )


if __name__ == "__main__":
    main()
