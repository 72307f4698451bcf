import pytest

from airgap.sbom.license import License, Standing, license_of, recognise, spdx, standing

BSD_3 = """Redistribution and use in source and binary forms, with or without modification, are
permitted. Neither the name of the copyright holder nor the names of its contributors may be used to
endorse or promote products derived from this software without specific prior written permission."""
BSD_2 = """Redistribution and use in source and binary forms, with or without modification, are
permitted provided that the following conditions are met."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "MIT"),
        ("apache-2.0", "Apache-2.0"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("MIT OR (Apache-2.0 AND ISC)", "MIT OR (Apache-2.0 AND ISC)"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("LicenseRef-NVIDIA-Proprietary", "LicenseRef-NVIDIA-Proprietary"),
    ],
)
def test_an_expression_is_told_as_spdx_writes_it(text: str, expected: str) -> None:
    assert spdx(text) == expected


@pytest.mark.parametrize("text", ["", "BSD", "GPL", "MIT License", "MIT OR", "see http://x/y", "("])
def test_what_may_mean_several_licences_is_no_expression(text: str) -> None:
    assert spdx(text) is None


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("MIT", Standing.OPEN),
        ("AGPL-3.0-only", Standing.OPEN),
        ("CC-BY-NC-4.0", Standing.CLOSED),
        ("CC-BY-NC-4.0 OR MIT", Standing.OPEN),
        ("CC-BY-NC-4.0 AND MIT", Standing.CLOSED),
        ("LicenseRef-NVIDIA-Proprietary", Standing.CLOSED),
        ("LicenseRef-Tongyi-Qianwen", Standing.UNKNOWN),
        ("NVIDIA Proprietary Software", Standing.CLOSED),
        ("Intel End User License Agreement for Developer Tools", Standing.CLOSED),
        ("my own", Standing.UNKNOWN),
    ],
)
def test_a_person_is_asked_where_a_licence_is_not_known_to_be_open(
    term: str, expected: Standing
) -> None:
    assert standing(term) is expected


def test_the_strictest_term_decides() -> None:
    assert license_of(["MIT", "CC-BY-NC-4.0", "my own"]).standing is Standing.CLOSED
    assert license_of(["MIT", "my own"]).standing is Standing.UNKNOWN
    assert license_of([]) == License((), Standing.UNKNOWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("                Apache License\n        Version 2.0, January 2004\n", "Apache-2.0"),
        (BSD_3, "BSD-3-Clause"),
        (BSD_2, "BSD-2-Clause"),
        (f"{BSD_2} Products must display the following. No endorsement.", None),
        (BSD_3.replace("Neither", "All must display the following acknowledgement. Neither"), None),
        (
            f"{BSD_2} to deal in the Software without restriction, including without limitation",
            None,
        ),
        ("GNU LESSER GENERAL PUBLIC LICENSE", None),
        ("All rights reserved.", None),
    ],
)
def test_a_text_is_recognised_where_it_is_that_of_one_licence(
    text: str, expected: str | None
) -> None:
    assert recognise(text) == expected
