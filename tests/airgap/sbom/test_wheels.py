import email.parser
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.sbom.license import Standing
from airgap.sbom.wheels import Bundled, license_of_metadata, notes_of_wheel
from airgap.store import Store
from tests.airgap.sbom.test_license import BSD_2, BSD_3
from tests.airgap.small_wheels import add_wheel

BSD = "Classifier: License :: OSI Approved :: BSD License"
APACHE = "Classifier: License :: OSI Approved :: Apache Software License"
MIT = "Classifier: License :: OSI Approved :: MIT License"
BARE = "Classifier: License :: OSI Approved"
CLOSED = "Classifier: License :: Other/Proprietary License"


@pytest.mark.parametrize(
    ("metadata", "texts", "terms"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: BSD", [], "MIT OR Apache-2.0"),
        ("License: apache-2.0", [], "Apache-2.0"),
        (f"License: Apache License, Version 2.0\n{APACHE}", [], "Apache-2.0"),
        ("License: new BSD License", [], "BSD-3-Clause"),
        (f"License: UNKNOWN\n{MIT}", [], "MIT"),
        # BSD says which only by its text, and a text of several licences does not.
        (f"License: BSD\n{BSD}", [BSD_3], "BSD-3-Clause"),
        (BSD, [BSD_2], "BSD-2-Clause"),
        (BSD, [BSD_2, BSD_3], "BSD License"),
        (f"License: BSD\n{BSD}", [], "BSD"),
        (f"License: {BSD_3.replace(chr(10), chr(10) + '    ')}", [], "BSD-3-Clause"),
        # That it is open is no other licence.
        (f"License: MIT\n{BARE}", [], "MIT"),
        (f"{BARE}\n{MIT}", [], "MIT"),
        (f"License: our own\n{BARE}", [], "our own"),
        (BARE, [], "OSI Approved"),
        # Two that contradict each other are no certainty.
        (
            f"License: MIT\n{APACHE}",
            [],
            "MIT, but its classifiers say: Apache Software License",
        ),
        (f"{MIT}\n{APACHE}", [], "Apache Software License; MIT License"),
    ],
)
def test_a_licence_is_named_as_spdx_does_where_it_is_certain(
    metadata: str, texts: list[str], terms: str
) -> None:
    found = license_of_metadata(email.parser.Parser().parsestr(metadata), texts)
    assert "; ".join(found.terms) == terms
    assert found.standing is Standing.OPEN


@pytest.mark.parametrize(
    ("metadata", "standing"),
    [
        (f"License: NVIDIA Proprietary Software\n{CLOSED}", Standing.CLOSED),
        ("License-Expression: LicenseRef-NVIDIA-Proprietary", Standing.CLOSED),
        (f"License: MIT\n{CLOSED}", Standing.CLOSED),
        ("License: BSD-derived (http://www.repoze.org/LICENSE.txt)", Standing.UNKNOWN),
        ("Name: thing", Standing.UNKNOWN),
    ],
)
def test_what_is_not_open_source_or_does_not_say_stands_out(
    metadata: str, standing: Standing
) -> None:
    assert license_of_metadata(email.parser.Parser().parsestr(metadata)).standing is standing


def test_a_licence_that_its_own_classifiers_deny_is_none_for_programs() -> None:
    metadata = email.parser.Parser().parsestr(f"License-Expression: BSD-3-Clause\n{CLOSED}")
    (term,) = license_of_metadata(metadata).terms
    assert term == "BSD-3-Clause, but its classifiers say: Other/Proprietary License"


def test_a_wheel_tells_its_licence_and_what_it_has_inside(store: Store) -> None:
    wheel = add_wheel(
        store,
        "outer",
        "1.0",
        {
            "outer-1.0.dist-info/licenses/LICENSE": BSD_2,
            "outer/_vendor/In.ner-2.0.dist-info/METADATA": (
                "Metadata-Version: 2.1\nName: In.ner\nVersion: 2.0\nLicense: MIT\n"
            ),
        },
    )
    notes = notes_of_wheel(wheel.filename, store.path(wheel.blob))
    assert notes.license.terms == ("BSD-2-Clause",)
    (inner,) = notes.bundled
    assert inner == Bundled(
        "in-ner", "2.0", "outer/_vendor/In.ner-2.0.dist-info", license=inner.license
    )
    assert inner.license.terms == ("MIT",)


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    (tmp_path / "wheel").write_bytes(b"PK")
    with pytest.raises(AirgapError, match=r"thing-1\.0"):
        notes_of_wheel("thing-1.0-py3-none-any.whl", tmp_path / "wheel")
