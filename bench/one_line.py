"""What a changed line in an app costs: time, and new bytes that an upgrade would have to carry.

Appends a comment to a module of src/agent_runner, packages, and puts the module back as it was.
Target: at most 5 s more than when nothing has changed, and at most 1 MB of new blobs.
"""

import secrets
import statistics

from bench.measure import ROOT, bundle_files, medians, megabytes, package, show

ROUNDS = 3
MODULE = ROOT / "src" / "agent_runner" / "__main__.py"


def main() -> None:
    package()
    (floor,) = medians(ROUNDS, package)
    before = bundle_files()
    text = MODULE.read_bytes()
    times = []
    try:
        for _ in range(ROUNDS):
            # Never the same line twice: what was built once is remembered.
            MODULE.write_bytes(text + f"# {secrets.token_hex(8)}\n".encode())
            times.append(package())
        after = bundle_files()
    finally:
        MODULE.write_bytes(text)
    package()
    if bundle_files() != before:
        raise SystemExit("the bundle did not become what it was")
    known = set(before.values())
    new = {path: blob for path, blob in after.items() if blob not in known}
    changed = statistics.median(times)
    show(
        [
            ("nothing changed", f"{floor:.2f} s"),
            ("one line changed", f"{changed:.2f} s"),
            ("difference", f"{changed - floor:.2f} s"),
            ("new blobs", megabytes(sum(blob.size for blob in set(new.values())))),
            *((f"  {path}", megabytes(blob.size)) for path, blob in new.items()),
        ]
    )


if __name__ == "__main__":
    main()
