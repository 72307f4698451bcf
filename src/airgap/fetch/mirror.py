"""Finds Debian mirrors the way that APT on this machine would: its sources and its proxies.

APT itself is not needed; where its files are, they are read (sources.list(5), apt.conf(5)).
"""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from airgap.errors import AirgapError

VARIABLE = "AIRGAP_DEBIAN_MIRROR"
"""Environment variable with the root of a mirror, the folder that holds ``pool`` and ``dists``."""

SUITE = "bookworm"


def mirrors(apt: Path = Path("/etc/apt")) -> list[str]:
    """Roots of mirrors that may have the suite's packages, likeliest first, without a last slash.

    Raises:
        AirgapError: The machine names none.
    """
    named = os.environ.get(VARIABLE, "").split()
    if named:
        return [root.rstrip("/") for root in named]
    found: dict[str, bool] = {}
    for root, suites, components in _sources(apt):
        # Security pools drop old versions, and what is locked is the archive's own.
        if "main" in components and not all(suite.endswith("-security") for suite in suites):
            found[root] = found.get(root, False) or SUITE in suites
    if not found:
        raise AirgapError(
            "looking for",
            "a Debian mirror",
            expected=f"one in {apt}/sources.list, in {apt}/sources.list.d or in ${VARIABLE}",
            found="none",
            remedy=f"set {VARIABLE} to the address of a mirror's folder that holds `pool`",
        )
    return sorted(found, key=lambda root: not found[root])


def _sources(apt: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every binary source: root, suites, components."""
    parts = apt / "sources.list.d"
    lists = [apt / "sources.list", *sorted(parts.glob("*.list"))]
    for path in filter(Path.is_file, lists):
        for line in path.read_text(errors="replace").splitlines():
            match = re.fullmatch(
                r"deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)(#.*)?", line.strip()
            )
            if match and _is_readable(match[2]):
                yield match[2].rstrip("/"), [match[3]], match[4].split()
    for path in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text(errors="replace")):
            fields = _fields(stanza)
            if "deb" in fields.get("types", "") and fields.get("enabled", "yes") != "no":
                for root in filter(_is_readable, fields.get("uris", "").split()):
                    suites, components = fields.get("suites", ""), fields.get("components", "")
                    yield root.rstrip("/"), suites.split(), components.split()


def _fields(stanza: str) -> dict[str, str]:
    lines = [line for line in stanza.splitlines() if not line.startswith("#")]
    unfolded = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
    pairs = (line.partition(":") for line in unfolded.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _is_readable(root: str) -> bool:
    return root.startswith(("http://", "https://", "file:"))


@dataclass(frozen=True)
class Opener:
    """Opens addresses with APT's proxies, or those of the environment where APT names none.

    Attributes:
        proxies: APT's proxy for a scheme (``http``), or for one host (``http::mirror.lan``).
    """

    proxies: dict[str, str] = field(default_factory=dict)

    def request(self, url: str, start: int = 0) -> "urllib.request._UrlopenRet":
        """Ask for ``url`` from byte ``start`` on; a server may answer with the whole all the same.

        Raises:
            OSError: As `urllib.request` does.
        """
        request = urllib.request.Request(url, headers={"User-Agent": "airgap"})
        if start:
            request.add_header("Range", f"bytes={start}-")
        return self._director(url).open(request, timeout=60)

    def _director(self, url: str) -> urllib.request.OpenerDirector:
        parts = urlsplit(url)
        proxy = self.proxies.get(f"{parts.scheme}::{parts.hostname}") or self.proxies.get(
            parts.scheme
        )
        if proxy is None:
            return urllib.request.build_opener()
        chosen = {} if proxy == "DIRECT" else {parts.scheme: proxy}
        return urllib.request.build_opener(urllib.request.ProxyHandler(chosen))


def opener() -> Opener:
    """An opener with the proxies that ``apt-config`` tells of, where there is one."""
    if shutil.which("apt-config") is None:
        return Opener()
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    pattern = r'^Acquire::(https?)::proxy(::[^ ]+)? "([^"]+)";$'
    found = re.finditer(pattern, dump.stdout, re.MULTILINE | re.IGNORECASE)
    return Opener({f"{match[1].lower()}{match[2] or ''}": match[3] for match in found})
