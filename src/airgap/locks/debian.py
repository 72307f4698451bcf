"""The lock of Debian packages: deb822 stanzas as in a mirror's own ``Packages`` file.

Only the fields that say which file it is are kept (Debian Policy 5.3 and the repository format's
``Packages`` indices), so a stanza can be compared with the mirror's by eye::

    Package: ca-certificates
    Version: 20230311+deb12u1
    Architecture: all
    Filename: pool/main/c/ca-certificates/ca-certificates_20230311+deb12u1_all.deb
    Size: 155344
    SHA256: <hex>
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from airgap.locks.problems import Problems
from airgap.store import Blob


@dataclass(frozen=True, order=True)
class Package:
    """One binary package.

    Attributes:
        name: ``libc6``
        version: With its epoch, if any: ``1:1.2.13.dfsg-1``.
        architecture: ``amd64`` or ``all``.
        path: Where a mirror has it, below its root: ``pool/main/…/libc6_2.36-9_amd64.deb``.
        blob: Size and sha256 of the file.
    """

    name: str
    version: str
    architecture: str
    path: str
    blob: Blob

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


_FIELDS = {
    "Package": re.compile(r"[a-z0-9][a-z0-9+.-]+"),
    "Version": re.compile(r"([0-9]+:)?[0-9][A-Za-z0-9.+~-]*"),
    "Architecture": re.compile(r"amd64|all"),
    # No part can begin with a dot, so the path stays below the mirror's root.
    "Filename": re.compile(r"pool(/[A-Za-z0-9][A-Za-z0-9.+~_-]*)+\.deb"),
    "Size": re.compile(r"[0-9]{1,15}"),
    "SHA256": re.compile(r"[0-9a-f]{64}"),
}


def parse(text: str, origin: str) -> tuple[Package, ...]:
    """Read a Debian lock, sorted by name. ``origin`` is the file's name, for messages.

    Raises:
        AirgapError: With every problem of the file and its line number.
    """
    problems = Problems(origin)
    packages: dict[str, Package] = {}
    for number, stanza in _stanzas(text, problems):
        problem = _problem_of(stanza)
        if problem is not None:
            problems.add(number, problem)
            continue
        if stanza["Package"] in packages:
            problems.add(number, f"`{stanza['Package']}` is locked twice")
        packages[stanza["Package"]] = Package(
            stanza["Package"],
            stanza["Version"],
            stanza["Architecture"],
            stanza["Filename"],
            Blob(stanza["SHA256"], int(stanza["Size"])),
        )
    problems.check(
        f"stanzas of the fields {', '.join(_FIELDS)}, each package once",
        "make the lock anew from its `.in` file, or undo the edit",
    )
    return tuple(packages[name] for name in sorted(packages))


def render(packages: Iterable[Package], heading: str = "") -> str:
    """The text of a lock; ``heading`` becomes comment lines at its top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    stanzas = (
        f"Package: {package.name}\n"
        f"Version: {package.version}\n"
        f"Architecture: {package.architecture}\n"
        f"Filename: {package.path}\n"
        f"Size: {package.blob.size}\n"
        f"SHA256: {package.blob.sha256}\n"
        for package in sorted(packages)
    )
    return comment + "\n".join(stanzas)


def _stanzas(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    """Each stanza with its first line's number. Fields of one line each are all that we write."""
    stanza: dict[str, str] = {}
    start = 0
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.startswith("#"):
            continue
        if not line:
            if stanza:
                yield start, stanza
            stanza = {}
            continue
        field, colon, value = line.partition(": ")
        if not colon or field not in _FIELDS:
            problems.add(number, f"not a field of this lock: {line[:200]!r}")
            continue
        if field in stanza:
            problems.add(number, f"a second `{field}` in one stanza")
        if not stanza:
            start = number
        stanza[field] = value


def _problem_of(stanza: dict[str, str]) -> str | None:
    missing = [field for field in _FIELDS if field not in stanza]
    if missing:
        return f"the stanza lacks {', '.join(missing)}"
    for field, pattern in _FIELDS.items():
        if not pattern.fullmatch(stanza[field]):
            return f"bad {field}: `{stanza[field][:200]}`"
    # A mirror's file name leaves out the epoch.
    version = stanza["Version"].partition(":")[2] or stanza["Version"]
    name = f"{stanza['Package']}_{version}_{stanza['Architecture']}.deb"
    if PurePosixPath(stanza["Filename"]).name != name:
        return f"`{stanza['Filename']}` should end in `{name}`"
    return None
