"""Many files, and much in them: time and memory stay small.

`AIRGAP_TEST_FILES=100000 AIRGAP_TEST_BYTES=20000000000` give the full sizes, which need twice the
bytes on the disk of the temporary folder.
"""

import os
from pathlib import Path

from tests.airgap.transport.bundles import make_bundle, write_manifest
from tests.airgap.transport.received import receive
from tests.airgap.transport.running import run_split

FILES = int(os.environ.get("AIRGAP_TEST_FILES", "5000"))
BYTES = int(os.environ.get("AIRGAP_TEST_BYTES", "300000000"))

_PER_FILE = 2000
"""Bytes of memory that the layout of one more file may take."""


def test_many_files_are_sent_one_by_one(tmp_path: Path) -> None:
    files = {f"models/{n // 1000}/{n}": b"%d" % n for n in range(FILES)}
    bundle = make_bundle(tmp_path / "bundle", files)
    few = make_bundle(tmp_path / "few", {"a": b"a"})
    _, _, least = run_split(few, tmp_path / "out-few", "1G")
    code, said, most = run_split(bundle, tmp_path / "out", "1G")
    assert code == 0, said
    assert most - least < FILES * _PER_FILE + (10 << 20)
    found = receive(tmp_path / "out").files()
    assert {path: found[path] for path in files} == files


def test_memory_does_not_grow_with_a_sparse_file(tmp_path: Path) -> None:
    peaks = []
    for name, size in (("small", BYTES // 20), ("large", BYTES)):
        bundle = make_bundle(tmp_path / name, {"image/blobs/sha256/a": b""})
        with open(bundle / "image/blobs/sha256/a", "r+b") as file:
            file.truncate(size)
        write_manifest(bundle)
        code, said, peak = run_split(bundle, tmp_path / f"out-{name}", "4G")
        assert code == 0, said
        peaks.append(peak)
        parts = list((tmp_path / f"out-{name}").glob("*.part"))
        assert size < sum(part.stat().st_size for part in parts) < size + len(parts) * 4096 + 20_000
    assert peaks[1] - peaks[0] < 10 << 20
