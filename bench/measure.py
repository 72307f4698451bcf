"""What the measurements share: where things are, how a command is timed, how figures are shown."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from airgap.store import Blob
from airgap.transport import manifest

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = ROOT / "dist" / "demo"
TARGET = "bundles/demo:"


def seconds(command: Sequence[str | Path], **environment: str) -> float:
    """Run a command in the repository; return its wall-clock time, or end with its output."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(map(str, command))}: exit {done.returncode}")
    return time.perf_counter() - start


def pants(*arguments: str) -> float:
    return seconds(["./pants", *arguments])


def package() -> float:
    return pants("package", TARGET)


def medians(rounds: int, *measure: Callable[[], float]) -> list[float]:
    """The median of each measurement. They take turns, so that a busy moment hits all of them."""
    times = [[one() for one in measure] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def bundle_files() -> dict[str, Blob]:
    """The files that the built bundle's MANIFEST lists, and MANIFEST itself."""
    path = BUNDLE / manifest.NAME
    if not path.is_file():
        sys.exit(f"no {path.relative_to(ROOT)}: run `./pants package {TARGET}` first")
    data = path.read_bytes()
    own = Blob(manifest.digest(data), len(data))
    return {**manifest.parse(data, manifest.NAME), manifest.NAME: own}


def show(rows: Iterable[tuple[str, str]]) -> None:
    """Print what was measured, one figure a line."""
    rows = list(rows)
    width = max(len(label) for label, _ in rows)
    for label, figure in rows:
        print(f"{label:<{width}}  {figure}")


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; one of several names counts as often."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
