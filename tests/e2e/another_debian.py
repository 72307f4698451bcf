"""Programs of a Debian suite other than this machine's, unpacked into a folder and run from there.

Nothing is installed. Where apt finds the packages is the machine's own configuration; only the
suite is another.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.needs import PATH, program

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def unpack(suite: str, packages: Sequence[str], folder: Path, at_home: Sequence[str]) -> None:
    """Makes the folder the root of a system with these packages and all that they need.

    Costs some 100 MB of downloads. Skips the test where the suite cannot be had.

    Args:
        at_home: What comes before a command that has the machine's own network.
    """
    work = folder.with_suffix(".apt")
    for path in (folder, work / "lists" / "partial", work / "archives" / "partial"):
        path.mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(f"deb [signed-by={KEYS}] {_archive()} {suite} main\n")
    apt = [
        *(*at_home, program("apt-get"), "--yes", "--quiet", "--no-install-recommends"),
        *("-o", f"Dir::Etc::SourceList={work}/sources.list", "-o", "Dir::Etc::SourceParts=-"),
        *("-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::State::Status={work}/status"),
        *("-o", f"Dir::Cache={work}"),
    ]
    for words in (["update"], ["install", "--download-only", *packages]):
        done = subprocess.run(
            [*apt, *words], env={"PATH": PATH}, capture_output=True, text=True, timeout=600
        )
        if done.returncode != 0:
            pytest.skip(f"Debian's {suite} cannot be had: {done.stderr.strip()[-300:]}")
    found = sorted((work / "archives").glob("*.deb"))
    # The links of a merged /usr first, through which others are unpacked.
    for deb in sorted(found, key=lambda path: not path.name.startswith("base-files_")):
        subprocess.run([program("dpkg-deb"), "--extract", deb, folder], check=True, timeout=300)
    for name in ("iptables", "ip6tables"):
        (folder / "usr" / "sbin" / name).symlink_to(f"{name}-legacy")
    for name in ("passwd", "group", "hosts", "resolv.conf"):
        (folder / "etc" / name).write_text(Path("/etc", name).read_text())


def inside(root: Path) -> tuple[str, ...]:
    """What comes before a command of the system in the folder; /tmp is this machine's."""
    # Not by chroot alone: of containers in one, runc does not find the root again.
    script = """
        mount --bind "$0" "$0" && for each in proc sys dev tmp; do
            mount --rbind "/$each" "$0/$each" || exit
        done
        mount -t tmpfs tmpfs "$0/run" && cd "$0" && mkdir -p before && pivot_root . before &&
        exec chroot . sh -c 'umount -l /before && exec "$@"' sh "$@"
    """
    return (program("unshare"), "--mount", "sh", "-c", script, str(root))


def _archive() -> str:
    """Where this machine gets Debian from."""
    done = subprocess.run(
        [program("apt-get"), "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)"],
        env={"PATH": PATH},
        capture_output=True,
        text=True,
        timeout=60,
    )
    for line in done.stdout.splitlines():
        address, _, which = line.partition(" ")
        if which == "Debian Debian":
            return address
    pytest.skip("this machine's apt knows no archive of Debian")
