import tarfile
from pathlib import Path

import pytest

from airgap.locks.debian import Package
from airgap.sbom.debian import DebianNotes, license_of_package, notes_of_packages, term
from airgap.sbom.license import License, Standing
from airgap.store import Blob
from tests.airgap.image.packages import Entry, make_deb

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
MACHINE_READABLE = f"""{FORMAT}Upstream-Name: thing

Files: *
Copyright: 2020 somebody
License: GPL-2+

Files: lib/*
Copyright: 2021 somebody else
License: Expat
 Permission is hereby granted

Files: m4/*
Copyright: none
License: public-domain
 nothing

License: GPL-3
 This one is explained here and no file has it.
"""


def package(name: str, pool: str = "main") -> Package:
    path = f"pool/{pool}/t/thing/{name}_1_amd64.deb"
    return Package(name, "1", "amd64", path, Blob("0" * 64, 1))


def copyright_file(name: str, text: str) -> Entry:
    return tarfile.TarInfo(f"./usr/share/doc/{name}/copyright"), text.encode()


def link(name: str, target: str) -> Entry:
    info = tarfile.TarInfo(f"./usr/share/doc/{name}")
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("Expat", "MIT"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("Apache-2", "Apache-2.0"),
        ("GPL-2+ or BSD-2-clause", "GPL-2.0-or-later OR BSD-2-Clause"),
        ("MPL-1.1, or GPL-2+", "MPL-1.1 OR GPL-2.0-or-later"),
        # What SPDX has no word for, or a comma groups, stays as it is written.
        ("public-domain", "public-domain"),
        ("GPL", "GPL"),
        ("GPL-3+ with Bison exception", "GPL-3+ with Bison exception"),
        ("GPL-2 or MIT, and ISC", "GPL-2 or MIT, and ISC"),
    ],
)
def test_short_names_become_those_of_spdx_where_they_are_the_same(name: str, expected: str) -> None:
    assert term(name) == expected


def test_a_machine_readable_file_tells_the_licences_of_all_files() -> None:
    found = license_of_package(package("thing"), MACHINE_READABLE)
    assert found == License(("GPL-2.0-or-later", "MIT", "public-domain"), Standing.OPEN)


def test_of_prose_only_the_common_licences_are_named() -> None:
    text = (
        "It is free.\nSee /usr/share/common-licenses/LGPL-2.1, and /usr/share/common-licenses/GPL."
    )
    assert license_of_package(package("thing"), text).terms == (
        "copyright file in words, naming GPL, LGPL-2.1",
    )
    assert license_of_package(package("thing"), "Do what you like.").terms == (
        "copyright file in words",
    )


def test_a_file_that_only_begins_like_a_machine_readable_one_is_prose() -> None:
    text = "  Format: https://x/1.0/\n\nLicense: MIT\n"
    assert license_of_package(package("thing"), text).terms == ("copyright file in words",)


def test_only_the_main_part_of_debian_is_open_source_by_itself() -> None:
    assert license_of_package(package("thing"), "text").standing is Standing.OPEN
    assert license_of_package(package("thing", "updates/main"), "text").standing is Standing.OPEN
    closed = license_of_package(package("thing", "non-free"), "text")
    assert closed.standing is Standing.UNKNOWN


def test_a_package_whose_documentation_is_a_link_has_the_file_of_the_other(tmp_path: Path) -> None:
    base, library = package("base"), package("library")
    files = {
        library: make_deb(tmp_path, "library", link("library", "base")),
        base: make_deb(tmp_path, "base", copyright_file("base", MACHINE_READABLE)),
    }
    notes = notes_of_packages(files)
    assert notes[library] == notes[base]
    assert "MIT" in notes[base].license.terms


def test_links_in_a_circle_and_no_file_at_all_are_nothing_stated(tmp_path: Path) -> None:
    a, b = package("a"), package("b")
    files = {
        a: make_deb(tmp_path, "a", link("a", "b")),
        b: make_deb(tmp_path, "b", link("b", "a")),
    }
    assert set(notes_of_packages(files).values()) == {DebianNotes(License((), Standing.OPEN))}
