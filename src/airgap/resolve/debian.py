"""Makes the Debian lock: APT itself resolves, in a root of its own that knows no installed package.

Only the archive proper (``main`` of the suite) is asked, never the security archive: that one drops
old versions, and a lock must find its files for years.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from airgap.errors import AirgapError
from airgap.fetch.mirror import SUITE, VARIABLE, mirrors
from airgap.locks.debian import Package, render
from airgap.resolve.output import heading, read_text, write_lock
from airgap.store import Blob

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def lock_debian(input_path: Path, output_path: Path) -> None:
    """Resolve the packages of the input, one name a line, and write their lock.

    Downloads the suite's list of packages (9 MB) to a temporary folder, and no package.

    Raises:
        AirgapError: APT is missing, a package is unknown, or the mirror does not answer.
    """
    lines = (line.partition("#")[0].strip() for line in read_text(input_path).splitlines())
    packages = resolve([line for line in lines if line], mirrors()[0])
    write_lock(output_path, render(packages, heading(input_path)))


def resolve(names: Sequence[str], mirror: str) -> list[Package]:
    """What APT would install for these names on an empty amd64 system, without recommendations."""
    with tempfile.TemporaryDirectory(prefix="airgap-apt-") as folder:
        apt = _Apt(Path(folder), mirror)
        apt.run("apt-get", "update")
        listed = apt.run("apt-get", "install", "--yes", "--print-uris", *names)
        wanted = re.findall(r"^'[^']+' (\S+)_([^_\s]+)_[^_\s]+\.deb ", listed, re.MULTILINE)
        shown = apt.run("apt-cache", "show", *(f"{name}={unquote(v)}" for name, v in wanted))
    packages = _packages(shown)
    if len(packages) != len(wanted):
        raise AirgapError(
            "making",
            "the Debian lock",
            expected=f"{len(wanted)} packages from pool/main of the archive",
            found=f"{len(packages)} of them: {', '.join(map(str, packages))}",
            remedy="run the same command again; if that does not help, use another mirror",
        )
    return packages


def _packages(shown: str) -> list[Package]:
    """The stanzas of ``apt-cache show`` whose file is in the archive proper."""
    # Imported here because it takes a tenth of a second.
    from debian.deb822 import Packages

    return [
        Package(
            stanza["Package"],
            stanza["Version"],
            stanza["Architecture"],
            stanza["Filename"],
            Blob(stanza["SHA256"], int(stanza["Size"])),
        )
        for stanza in Packages.iter_paragraphs(shown.splitlines(keepends=True), use_apt_pkg=False)
        if stanza["Filename"].startswith("pool/main/")
    ]


class _Apt:
    """APT with its own state, but with this machine's proxies and logins."""

    def __init__(self, root: Path, mirror: str) -> None:
        if not _KEYRING.exists():
            raise AirgapError(
                "looking for",
                str(_KEYRING),
                expected="the archive's keys, to check the list of packages by their signature",
                found="none on this machine",
                remedy="install `debian-archive-keyring`; building from a lock does not need it",
            )
        self._root = root
        for folder in ("etc/apt", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            (root / folder).mkdir(parents=True)
        (root / "status").touch()
        source = f"deb [signed-by={_KEYRING}] {mirror} {SUITE} main\n"
        (root / "etc/apt/sources.list").write_text(source)

    def run(self, tool: str, *arguments: str) -> str:
        options = {
            "Dir": self._root,
            "Dir::State::status": self._root / "status",
            "Dir::Bin::Methods": "/usr/lib/apt/methods",
            "Dir::Etc::netrc": "/etc/apt/auth.conf",
            "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Default-Release": SUITE,
            "APT::Install-Recommends": "false",
            # root's APT would fetch as another user, to whom the temporary folder is closed.
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            # The suite no longer changes, and nobody signs its list anew.
            "Acquire::Check-Valid-Until": "false",
        }
        command = [tool, *(f"-o{name}={value}" for name, value in options.items()), *arguments]
        if shutil.which(tool) is None:
            raise AirgapError(
                "looking for",
                tool,
                expected="APT, which chooses the packages",
                found="none on this machine",
                remedy="make this lock on Debian or Ubuntu; building from it needs no APT",
            )
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "APT_CONFIG": ""},
        )
        # `update` ends with 0 where a mirror did not answer.
        failed = [line for line in ran.stderr.splitlines() if re.match("(E|Err|W: Failed)", line)]
        if ran.returncode != 0 or failed:
            raise AirgapError(
                "making",
                "the Debian lock",
                expected=f"`{tool} {arguments[0]}` to end well",
                found="; ".join(failed or ran.stderr.splitlines()[-3:]),
                remedy=f"look at the names in the input, the network and {VARIABLE}",
            )
        return ran.stdout
