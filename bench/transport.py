"""A bundle into parts, checked and joined, beside `split`, `sha256sum` on all cores and `cat`.

Ours hashes three times: each file of the bundle, to compare it with its manifest, each payload
while it is written, and each part for the list of what is carried. `split` and `cat` check nothing,
so the time of hashing what they wrote, which a user would need as well, is shown beside them: with
`sha256sum`, which in many builds does not use the processor's own instructions, and with openssl,
which does. All that writes waits for the disk. Targets: verify 1.0 times `sha256sum` on all cores;
split and join 1.3 times `split` and `cat`; memory that does not grow with the bundle.

`python -m bench.transport [GIGABYTES]` (default 2) takes three times as much in the folder of the
store. With `memory` as a second word memory, time and disk are measured of a sparse bundle, at 1 GB
and at that size, which takes twice as much.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from airgap.store import Blob, hash_file
from airgap.transport import manifest
from bench.image import CORES, scratch
from bench.measure import ROOT, medians, megabytes, seconds, show
from tests.airgap.hub.contents import Seeded

PART = 1 << 30
ROUNDS = 3
SMALL = 200
"""Small files of a bundle, of 20 kB each."""


def make_bundle(folder: Path, fill: Callable[[Path], None]) -> Path:
    """A bundle of one large file, which ``fill`` writes, and some small ones."""
    large = folder / "image" / "blobs" / "large"
    large.parent.mkdir(parents=True)
    fill(large)
    (folder / "bundle.conf").write_text("BUNDLE='bench'\n")
    for number in range(SMALL):
        (folder / f"small-{number}").write_bytes(b"%d\n" % number * 5000)
    files: dict[str, Blob] = {
        str(path.relative_to(folder)): hash_file(path)
        for path in folder.rglob("*")
        if path.is_file()
    }
    (folder / manifest.NAME).write_bytes(manifest.render(files))
    return folder


def split_command(bundle: Path, out: Path) -> list[str | Path]:
    command = [sys.executable, "-m", "airgap.cli", "split", "--size", str(PART)]
    return [*command, bundle, out]


def verify_command(out: Path) -> list[str | Path]:
    return ["sh", out / "airgap-parts", "verify", "--receipt", "/dev/null", out]


def join_command(out: Path, dest: Path) -> list[str | Path]:
    return ["sh", out / "airgap-parts", "join", dest, out]


def shell(script: str, *arguments: Path) -> float:
    """Seconds of a line of shell, with `sync` of the folder that it writes to in it."""
    return seconds(["sh", "-euc", script, "sh", *arguments])


def hashes_alone(size: int) -> float:
    """Seconds of three hashes of so many bytes on all cores, with nothing read or written."""
    chunk = bytes(1 << 20)

    def hash_share(_: int) -> None:
        sha256 = hashlib.sha256()
        for _ in range(3 * size // CORES // len(chunk)):
            sha256.update(chunk)

    start = time.perf_counter()
    with ThreadPoolExecutor(CORES) as threads:
        list(threads.map(hash_share, range(CORES)))
    return time.perf_counter() - start


def times(folder: Path, size: int) -> list[tuple[str, str]]:
    def fill(path: Path) -> None:
        with open(path, "wb") as file:
            for chunk in Seeded(size, 1).chunks(0, size):
                file.write(chunk)

    bundle, out, dest = make_bundle(folder / "bundle", fill), folder / "out", folder / "dest"
    plain, large = folder / "plain", bundle / "image/blobs/large"

    def fresh(*folders: Path) -> None:
        for path in folders:
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        os.sync()

    def ours_split() -> float:
        fresh(out)
        return seconds(split_command(bundle, out))

    def plain_split() -> float:
        fresh(plain)
        return shell(f'split -b {PART} "$1" "$2/x."; sync -f "$2"', large, plain)

    def sums_by(program: str) -> float:
        return shell(f'printf "%s\\0" "$1"/* | xargs -0 -n 1 -P "$(nproc)" {program}', plain)

    def ours_join() -> float:
        fresh(dest)
        return seconds(join_command(out, dest))

    def plain_cat() -> float:
        shutil.rmtree(dest)
        fresh(dest)
        return shell('cat "$1"/* >"$2/joined"; sync -f "$2"', plain, dest)

    cut, split, hashes = medians(ROUNDS, ours_split, plain_split, lambda: hashes_alone(size))
    verify, sums, openssl = medians(
        ROUNDS,
        lambda: seconds(verify_command(out)),
        lambda: sums_by("sha256sum"),
        lambda: sums_by("openssl dgst -sha256"),
    )
    join, cat = medians(ROUNDS, ours_join, plain_cat)
    return [
        ("bundle, in parts of 1 GiB", megabytes(size)),
        ("split: ours", f"{cut:.2f} s"),
        ("       `split`", f"{split:.2f} s"),
        ("       ratio", f"{cut / split:.2f}"),
        ("       to `split` and `sha256sum` of the parts", f"{cut / (split + sums):.2f}"),
        ("       to `split` and openssl", f"{cut / (split + openssl):.2f}"),
        ("       three hashes alone", f"{hashes:.2f} s"),
        ("verify: ours", f"{verify:.2f} s"),
        ("       `sha256sum` on all cores", f"{sums:.2f} s"),
        ("       ratio", f"{verify / sums:.2f}"),
        ("       openssl on all cores", f"{openssl:.2f} s"),
        ("       ratio", f"{verify / openssl:.2f}"),
        ("join: ours", f"{join:.2f} s"),
        ("       `cat`", f"{cat:.2f} s"),
        ("       ratio", f"{join / cat:.2f}"),
        ("       to `sha256sum`, `cat` and `sha256sum`", f"{join / (2 * sums + cat):.2f}"),
        ("       to openssl, `cat` and openssl", f"{join / (2 * openssl + cat):.2f}"),
    ]


def effort(command: Sequence[str | Path]) -> str:
    """The memory of the largest process that a command starts, and its time."""
    measure = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "sys.exit(done.stderr.decode()) if done.returncode else None\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", measure, *command], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    took = time.perf_counter() - start
    return f"{megabytes(int(done.stdout) * 1024)}, {took:.1f} s"


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def memory(folder: Path, size: int) -> list[tuple[str, str]]:
    """Peak memory, and what is on the disk beside the bundle, of a sparse file of this size."""

    def fill(path: Path) -> None:
        with open(path, "wb") as file:
            file.truncate(size)

    bundle, out, dest = make_bundle(folder / "bundle", fill), folder / "out", folder / "dest"
    rows = [
        (f"{size / 1e9:.0f} GB: split", effort(split_command(bundle, out))),
        ("       verify", effort(verify_command(out))),
        (
            "       on the disk beside the bundle, by its size",
            f"{on_disk(out) / (size + SMALL * 20_000):.3f}",
        ),
    ]
    if shutil.disk_usage(folder).free > 1.2 * size:
        dest.mkdir()
        rows.append(("       join", effort(join_command(out, dest))))
    return rows


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "2") * 1e9)
    with scratch() as folder:
        if sys.argv[2:] == ["memory"]:
            rows = memory(folder / "small", 10**9)
            shutil.rmtree(folder / "small")
            rows += memory(folder / "large", size)
        else:
            rows = times(folder, size)
    show(rows)


if __name__ == "__main__":
    main()
