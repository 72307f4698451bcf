"""What a bundle is made of, as components made from the locks."""

import email.parser
import importlib.metadata
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from airgap.locks.debian import Package
from airgap.locks.model import ModelLock
from airgap.locks.model_origin import HubOrigin
from airgap.locks.python import Wheel
from airgap.models.license import UNKNOWN
from airgap.sbom.bill import Bill, SourcePart, listing
from airgap.sbom.debian import DebianNotes
from airgap.sbom.license import License, license_of, recognise
from airgap.sbom.notes import package_notes, wheel_notes
from airgap.sbom.wheels import WheelNotes, license_of_metadata
from airgap.store import Blob, Store

_OURS = "Apache-2.0"
_HUB = "https://www.modelscope.cn/models/"


@dataclass(frozen=True, order=True)
class Component:
    """One thing that somebody made, with where it came from and where it is.

    Attributes:
        kind: A component type of CycloneDX: ``library``.
        name: What its makers call it.
        version: Likewise; of a source the commit.
        purl: The package URL, where there is a type for it.
        sha256: Of its one file; empty where it is several, or git pins it.
        license: What it says of its licence.
        places: Where it is in the bundle: ``image``, ``wheelhouse/agent``, ``pex/agent``.
        notes: Further properties: name without ``airgap:``, and value.
        files: Path and sha256 of each file, where there are few and they matter.
        link: Where its makers have it.
        parts: What it has inside that others made.
    """

    kind: str
    name: str
    version: str
    purl: str
    sha256: str
    license: License
    places: tuple[str, ...]
    notes: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    link: str = ""
    parts: tuple["Component", ...] = ()


def components_of(store: Store, bill: Bill) -> list[Component]:
    """The components of a bundle, in order; a wheel of two stacks is one."""
    places: dict[Wheel, set[str]] = {}
    notes: dict[Wheel, WheelNotes] = {}
    for stack in bill.stacks:
        told = wheel_notes(store, stack.notes)
        for wheel in stack.wheels:
            places.setdefault(wheel, set()).update(stack.places)
            notes[wheel] = told[wheel.filename]
    return sorted(
        [
            *_packages(bill.packages, package_notes(store, bill.package_notes)),
            *(_wheel(wheel, notes[wheel], places[wheel]) for wheel in places),
            *([_pex(bill.pexes)] if bill.pexes else []),
            *(_source(store, part) for part in bill.sources),
            *map(_model, bill.models),
            _own(bill.own, bill.own_places),
        ]
    )


def _wheel(wheel: Wheel, notes: WheelNotes, places: Iterable[str]) -> Component:
    """A wheel, as it lies in a wheelhouse, in a PEX and, installed, in an image."""
    places = tuple(sorted(places))
    told = [("file", wheel.filename)]
    if wheel.sdist is not None:
        told.append(("built-from", f"{wheel.sdist.filename} sha256:{wheel.sdist.blob.sha256}"))
    return Component(
        "library",
        wheel.name,
        wheel.version,
        _pypi(wheel.name, wheel.version),
        wheel.blob.sha256,
        notes.license,
        places,
        tuple(told),
        parts=tuple(
            Component(
                "library",
                part.name,
                part.version,
                _pypi(part.name, part.version),
                "",
                part.license,
                places,
                (("inside", f"{wheel.filename} {part.folder}"),),
            )
            for part in notes.bundled
        ),
    )


def _pypi(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{quote(version, safe='')}"


def _pex(places: Iterable[str]) -> Component:
    """The runtime of PEX files, which their build adds."""
    distribution = importlib.metadata.distribution("pex")
    metadata = email.parser.Parser().parsestr(distribution.read_text("METADATA") or "")
    version = distribution.version
    return Component(
        "library",
        "pex",
        version,
        _pypi("pex", version),
        "",
        license_of_metadata(metadata),
        tuple(sorted(places)),
        (("what", "the runtime at the start of each PEX"),),
    )


def _packages(packages: Iterable[Package], notes: Mapping[str, DebianNotes]) -> list[Component]:
    """Debian packages, which are in the image alone."""
    packages = tuple(packages)
    # `base-files` has the release's number as its version: 12.4+deb12u15.
    release = next((p.version.split(".")[0] for p in packages if p.name == "base-files"), "")
    distro = f"&distro=debian-{release}" if release.isdigit() else ""
    return [_package(package, notes[package.name], distro) for package in packages]


def _package(package: Package, notes: DebianNotes, distro: str) -> Component:
    upstream, _, version = notes.source.partition(" ")
    purl = f"pkg:deb/debian/{quote(package.name, safe='')}@{quote(package.version, safe='')}"
    purl += f"?arch={package.architecture}{distro}"
    if upstream:
        version = version.strip("()")
        full = f"{upstream}@{version}" if version else upstream
        purl += f"&upstream={quote(full, safe='')}"
    return Component(
        "library",
        package.name,
        package.version,
        purl,
        package.blob.sha256,
        notes.license,
        ("image",),
        (
            ("copyright", f"/usr/share/doc/{package.name}/copyright"),
            ("file", package.filename),
        ),
    )


def _source(store: Store, part: SourcePart) -> Component:
    """A source of others, pinned by its commit and the git tree ids of its folders."""
    lock = part.lock
    github = re.fullmatch(r"https://github\.com/([^/]+/[^/]+?)(?:\.git)?/?", lock.url)
    text = store.path(part.license).read_text("utf-8", errors="replace") if part.license else ""
    return Component(
        "application",
        lock.name,
        lock.commit,
        f"pkg:github/{github[1].lower()}@{lock.commit}" if github else "",
        "",
        license_of(filter(None, [recognise(text)])),
        part.places,
        tuple(("git-tree", f"{path} {id}") for path, id in sorted(lock.trees.items())),
        link=lock.url,
    )


def _model(lock: ModelLock) -> Component:
    """A model, with each of its files."""
    origin, version, link = lock.origin, "", ""
    if isinstance(origin, Wheel):
        version = origin.version
        notes = [("origin", f"{origin.filename} sha256:{origin.blob.sha256}")]
    elif isinstance(origin, HubOrigin):
        version, link = origin.commit, f"{_HUB}{origin.id}"
        notes = [("origin", f"ModelScope {origin.id}"), ("revision", origin.revision)]
    else:
        notes = [("origin", "a folder of the build machine")]
    if lock.recipe is not None:
        notes.append(("made-by", f"{lock.recipe.name} {lock.recipe.version}"))
    files = {file.path: file.blob for file in lock.files}
    notes.append(("sha256-of-list", listing(files)))
    return Component(
        "machine-learning-model",
        lock.name,
        version,
        "",
        "",
        license_of([lock.license] if lock.license != UNKNOWN else []),
        (f"models/{lock.name}",),
        tuple(notes),
        tuple((path, blob.sha256) for path, blob in sorted(files.items())),
        link,
    )


def _own(files: Mapping[str, Blob], places: Iterable[str]) -> Component:
    """What this project adds: the program of the intranet host and the applications."""
    return Component(
        "application",
        "airgap",
        "",
        "",
        "",
        license_of([_OURS]),
        tuple(sorted(places)),
        (
            ("sha256-of-list", listing(files)),
            ("what", "the program of the intranet host, and the applications of this repository"),
        ),
    )
