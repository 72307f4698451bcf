"""What Debian packages say of their licences: ``/usr/share/doc/<package>/copyright``.

Source: Debian Policy 12.5, and "Machine-readable debian/copyright file" (DEP-5). The file speaks of
the whole source package, its build files and tests included. Other such files are prose; of them
only those licences are told that they refer to in ``/usr/share/common-licenses``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from debian.deb822 import Deb822

from airgap.image.deb import DebMember, control, members
from airgap.locks.debian import Package
from airgap.sbom.license import License, Standing, spdx
from airgap.untrusted_tar import small

_DOC = "usr/share/doc"
_LARGEST = 16 << 20
"""Bytes of a copyright file; the longest are of a few MB."""
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+(?:-[0-9]+(?:\.[0-9]+)*)?)")

_NAMES = {
    "artistic": "Artistic-1.0-Perl",
    "expat": "MIT",
    "gfdl-niv-1.3": "GFDL-1.3-no-invariants-only",
    "gfdl-niv-1.3+": "GFDL-1.3-no-invariants-or-later",
}
"""Short names of DEP-5 that SPDX has another id for, in lower case."""

# `+` and a missing `.0` are how DEP-5 writes versions.
_GNU = re.compile(r"(A?GPL|LGPL|GFDL|Apache)-([0-9]+)(\.[0-9]+)?(\+?)", re.IGNORECASE)


@dataclass(frozen=True)
class DebianNotes:
    """What a .deb tells that its lock does not.

    Attributes:
        license: See `License`.
        source: The source package where its name or version is another: ``gcc-12``,
            ``gcc-defaults (1.203)``.
    """

    license: License
    source: str = ""


def notes_of_packages(files: Mapping[Package, Path]) -> dict[Package, DebianNotes]:
    """Read control and copyright files; decompresses each package once.

    A package whose folder of documentation is a link has the file of the package it leads to.

    Raises:
        AirgapError: A package is damaged.
    """
    texts: dict[str, str] = {}
    links: dict[str, str] = {}
    for package, file in files.items():
        for name, text, link in _documents(file):
            if link:
                links[name] = link
            elif name == package.name:
                texts[name] = text
    found = {}
    for package, file in files.items():
        name, seen = package.name, set()
        while name in links and name not in texts and name not in seen:
            seen.add(name)
            name = links[name]
        source = str(Deb822(control(file)).get("Source", ""))
        found[package] = DebianNotes(license_of_package(package, texts.get(name, "")), source)
    return found


def license_of_package(package: Package, text: str) -> License:
    """The licence that a package's copyright file tells; Debian's ``main`` is open source."""
    standing = Standing.OPEN if "main" in package.path.split("/")[:3] else Standing.UNKNOWN
    terms = _machine_readable(text)
    if terms is None:
        terms = [_prose(sorted(set(_COMMON.findall(text))))] if text else []
    return License(tuple(terms), standing)


def _prose(common: list[str]) -> str:
    named = f", naming {', '.join(common)}" if common else ""
    return f"copyright file in words{named}"


def _documents(deb: Path) -> Iterator[tuple[str, str, str]]:
    """Package, text of its copyright file or none, and where its folder leads if it is a link."""
    for member in members(deb):
        path = PurePosixPath(member.path)
        if not member.path.startswith(f"{_DOC}/"):
            continue
        if member.info.issym() and len(path.parts) == 4:
            yield path.name, "", PurePosixPath(member.target).name
        elif path.name == "copyright" and len(path.parts) == 5 and member.file is not None:
            yield path.parent.name, _text(member), ""


def _text(member: DebMember) -> str:
    assert member.file is not None
    return small(member.file, _LARGEST, member.path).decode(errors="replace")


def _machine_readable(text: str) -> list[str] | None:
    if not re.match(r"\s*Format(-Specification)?:", text):
        return None
    paragraphs = list(Deb822.iter_paragraphs(text.splitlines(), use_apt_pkg=False))
    # The first is on the whole; those without files only say what a licence's text is.
    told = [*paragraphs[:1], *(paragraph for paragraph in paragraphs if "Files" in paragraph)]
    names = {str(paragraph.get("License", "")).split("\n", 1)[0] for paragraph in told}
    return sorted({term(name.strip()) for name in names if name.strip()}) or None


def term(name: str) -> str:
    """A DEP-5 short name, or several joined by ``and`` and ``or``, in SPDX's words if possible."""
    spelled = name.replace(",", "")
    spelled = re.sub(r"\b(and|or)\b", lambda word: word[0].upper(), spelled)
    parts = [part if part in ("AND", "OR") else _id(part) for part in spelled.split()]
    # A comma groups, as brackets do; which of the two is meant is left to a reader.
    mixed = {"AND", "OR"} <= set(parts) and "," in name
    return name if mixed or None in parts else spdx(" ".join(filter(None, parts))) or name


def _id(name: str) -> str | None:
    if name.lower() in _NAMES:
        return _NAMES[name.lower()]
    if number := _GNU.fullmatch(name):
        name = f"{number[1]}-{number[2]}{number[3] or '.0'}{number[4]}"
    return spdx(name)
