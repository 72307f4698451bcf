"""Finds in files where things were fetched from and built: package registries and folders.

A lock says what, never where from, and a copy of this repository, or what it builds, must be of no
one machine. The patterns do not match their own text, as each dot in them has a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_REGISTRIES = (
    # Python's
    r"(?:test\.|pypi\.)?(?<![\w.-])pypi\.(?:org|python\.org|io)",
    r"python(?:hosted)\.org",
    # Debian's, and Ubuntu's
    r"(?:deb|security|snapshot|archive|cdn-fastly\.deb|ftp(?:\.\w+)?)\.debian\.org",
    r"(?:archive|security|ports)\.ubuntu\.com",
    # npm's
    r"registry\.(?:npmjs\.(?:org|com)|yarnpkg\.com|npmmirror\.com)",
    # mirrors of several of them
    r"(?:pypi|mirrors|npm|pypi\.mirrors)\.(?:tuna\.tsinghua\.edu\.cn|ustc\.edu\.cn|douban\.com)",
    r"mirrors?\.(?:aliyun\.com|cloud\.tencent\.com|bfsu\.edu\.cn|sjtu\.edu\.cn|163\.com)",
    r"(?:repo|mirrors)\.huaweicloud\.com",
)

# Folders in which people and services build, and what makes temporary ones. Those named after
# `(?!` are examples of our own texts, or constants of upstream.
_FOLDERS = (
    r"/home/(?!user/)[\w.-]+/[\w.]",
    r"/Users/[\w.-]+/[\w.]",
    r"/root/[\w.]",
    r"/(?:work|workspace|builds|__w)/[\w.]",
    r"/(?:var/)?tmp/(?!(?:agentfabric|bench|pip\.whl)/)[\w.-]+/[\w.]",
    r"/(?:var/)?tmp/(?:tmp\w{8}|pytest-|pants-sandbox-|pip-)",
)

MAY_BE_NAMED = re.compile(r"(?:.*\.)?(?:github\.com|modelscope\.cn|pytorch\.org)|localhost|[\d.]+")
"""Hosts that are no secret of a machine, even where its pip, APT or npm is set up for them."""

REGISTRY = "the host of a package registry"
FOLDER = "a folder of a machine that builds"


@dataclass(frozen=True)
class Found:
    """A place that a file names.

    Attributes:
        line: Its number, from 1.
        place: The host, or the beginning of the path.
        kind: `REGISTRY` or `FOLDER`.
    """

    line: int
    place: str
    kind: str


class Places:
    """What no file may name."""

    def __init__(self, hosts: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
        """What all know, and what is this machine's.

        Args:
            hosts: The package registries that it uses.
            folders: Where it builds; absolute paths.
        """
        own = (re.escape(host) for host in sorted(set(hosts)) if not MAY_BE_NAMED.fullmatch(host))
        here = (re.escape(folder) + r"(?![\w-])" for folder in sorted(set(folders)))
        self._registry = re.compile(rf"(?:{'|'.join((*_REGISTRIES, *own))})(?![\w-])".encode())
        begin = r"(?:(?<![\w.}$~/-])|(?<=://))"
        self._folder = re.compile(f"{begin}(?:{'|'.join((*_FOLDERS, *here))})".encode())

    def find(self, content: bytes) -> Iterator[Found]:
        """Every place that a file's content names, in the order of its lines."""
        for number, line in enumerate(content.split(b"\n"), 1):
            for pattern, kind in ((self._registry, REGISTRY), (self._folder, FOLDER)):
                for match in pattern.finditer(line):
                    yield Found(number, match[0].decode(), kind)
