import pytest

from airgap.models.license import license_of


@pytest.mark.parametrize(
    ("head", "license"),
    [
        ("license: apache-2.0", "Apache-2.0"),
        ("tasks:\n- chat\nlicense: Apache License 2.0", "Apache-2.0"),
        ('license: "mit"', "MIT"),
        ("license: other\nlicense_name: tongyi-qianwen", "LicenseRef-tongyi-qianwen"),
        ("license: other", "NOASSERTION"),
        ("license: Our Own, v2", "LicenseRef-Our-Own-v2"),
        ("tasks: []", "NOASSERTION"),
    ],
)
def test_the_head_of_the_card_says_it(head: str, license: str) -> None:
    assert license_of(f"---\n{head}\n---\n# A model\nlicense: gpl\n") == license


def test_a_card_without_a_head_says_nothing() -> None:
    assert license_of("# A model\n\nlicense: mit\n") == "NOASSERTION"
    assert license_of("") == "NOASSERTION"
