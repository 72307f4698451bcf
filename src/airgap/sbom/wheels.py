"""What wheels say of their licences, in METADATA and in the licence files beside it.

Source: "Core metadata specifications" of the PyPA: ``License-Expression`` (an SPDX expression),
and before it ``License`` (anything) and the classifiers ``License :: …``.
"""

import email.parser
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from airgap.errors import AirgapError
from airgap.image.inflate import DAMAGE
from airgap.locks.python import normalise
from airgap.sbom.license import License, Standing, license_of, recognise, spdx
from airgap.untrusted_zip import small

_WORDS = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "modified bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "mit license": "MIT",
    "the mit license": "MIT",
}
"""What ``License`` says in lower case, without commas, where only one licence can be meant."""

_CLASSIFIERS = {
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
}
"""Classifiers that name one licence; ``BSD License`` and others name several."""

_LICENSE_FILE = re.compile(
    r"[^/]+\.dist-info/(?:licenses/|license_files/)?(?:licen[cs]e|copying)[^/]*", re.IGNORECASE
)
_LONGEST = 80
_LARGEST = 16 << 20
"""Bytes of METADATA or a licence; the longest are of a few hundred KB."""


@dataclass(frozen=True, order=True)
class Bundled:
    """A distribution inside a wheel of another, as setuptools has some in ``_vendor``.

    Attributes:
        name: Normalised.
        folder: Its ``.dist-info`` in the wheel.
    """

    name: str
    version: str
    folder: str
    license: License


@dataclass(frozen=True)
class WheelNotes:
    """What a wheel tells that its lock does not.

    Attributes:
        license: See `License`.
        bundled: The distributions inside it, by name.
    """

    license: License
    bundled: tuple[Bundled, ...] = ()


def notes_of_wheel(filename: str, file: Path) -> WheelNotes:
    """Read the licence of a wheel: its table of contents and some KB of it.

    Raises:
        AirgapError: It has no METADATA, or is damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            texts = [_read(archive, name) for name in names if _LICENSE_FILE.fullmatch(name)]
            found = {
                name.rpartition("/")[0]: email.parser.Parser().parsestr(_read(archive, name))
                for name in names
                if name.endswith(".dist-info/METADATA")
            }
        own = next(folder for folder in found if "/" not in folder)
    except (*DAMAGE, StopIteration) as error:
        what = str(error) or "no METADATA"
        raise AirgapError("reading the licence of the wheel", filename, found=what) from error
    license = license_of_metadata(found.pop(own), texts)
    bundled = (_bundled(folder, metadata) for folder, metadata in found.items())
    return WheelNotes(license, tuple(sorted(bundled)))


def _bundled(folder: str, metadata: Message) -> Bundled:
    name, version = normalise(str(metadata["Name"])), str(metadata["Version"])
    return Bundled(name, version, folder, license_of_metadata(metadata))


def _read(archive: zipfile.ZipFile, name: str) -> str:
    return small(archive, name, _LARGEST).decode(errors="replace")


def license_of_metadata(metadata: Message, texts: Sequence[str] = ()) -> License:
    """The licence of a distribution.

    Args:
        texts: Its licence files.
    """
    classifiers = [
        value.removeprefix("License :: ")
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License :: ")
    ]
    # A bare "OSI Approved" says that a licence is open, and nothing of which.
    naming = [classifier for classifier in classifiers if classifier != "OSI Approved"]
    stated = str(metadata["License"] or metadata["License-Expression"] or "").strip()
    if stated.upper() in ("UNKNOWN", "NONE"):
        stated = ""
    expression = spdx(str(metadata["License-Expression"] or ""))
    expression = expression or _of_words(stated, naming) or _of_texts(stated, texts)
    expression = expression or _of_classifiers(naming)
    if expression is None:
        words = _words(stated, naming or classifiers)
        found = License(words, _standing(words, classifiers))
    else:
        found = license_of([expression])
    # What calls itself proprietary is not open, whatever else it says.
    if any("Proprietary" in classifier for classifier in classifiers):
        terms = found.terms
        if found.standing is Standing.OPEN:
            terms = (_contradicted(terms[0], naming),)
        return License(terms, Standing.CLOSED)
    return found


def _of_words(stated: str, classifiers: Iterable[str]) -> str | None:
    found = spdx(stated) or _WORDS.get(stated.lower().replace(",", ""))
    by_classifiers = {_CLASSIFIERS.get(_last(classifier)) for classifier in classifiers}
    # One that the classifiers contradict is not certain.
    if found in _CLASSIFIERS.values() and by_classifiers and found not in by_classifiers:
        return None
    return found


def _of_texts(stated: str, texts: Sequence[str]) -> str | None:
    """Of the licence's text in METADATA, or of the one licence file."""
    candidates = [stated] if "\n" in stated else texts
    found = {recognise(text) for text in candidates}
    return found.pop() if len(found) == 1 else None


def _of_classifiers(classifiers: Sequence[str]) -> str | None:
    return _CLASSIFIERS.get(_last(classifiers[0])) if len(classifiers) == 1 else None


def _words(stated: str, classifiers: Iterable[str]) -> tuple[str, ...]:
    if spdx(stated) is not None:
        return (_contradicted(stated, classifiers),)
    named = _named(classifiers)
    first = stated.split("\n", 1)[0].strip()[:_LONGEST]
    # The first line of a licence's text is seldom its name.
    if named and "\n" in stated:
        return named
    return (first,) if first else named


def _contradicted(term: str, classifiers: Iterable[str]) -> str:
    return f"{term}, but its classifiers say: {', '.join(_named(classifiers))}"


def _named(classifiers: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_last(classifier) for classifier in classifiers}))


def _standing(words: Iterable[str], classifiers: Sequence[str]) -> Standing:
    approved = ("OSI Approved", "Public Domain")
    if classifiers and all(classifier.startswith(approved) for classifier in classifiers):
        return Standing.OPEN
    return license_of(words).standing


def _last(classifier: str) -> str:
    return classifier.rpartition(" :: ")[2]
