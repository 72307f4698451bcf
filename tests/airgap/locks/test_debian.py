import pytest

from airgap.errors import AirgapError
from airgap.locks.debian import Package, parse, render
from airgap.store import Blob

A = "a" * 64
ZLIB = Package(
    "zlib1g",
    "1:1.2.13.dfsg-1",
    "amd64",
    "pool/main/z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb",
    Blob(A, 86928),
)
CERTIFICATES = Package(
    "ca-certificates",
    "20230311+deb12u1",
    "all",
    "pool/main/c/ca-certificates/ca-certificates_20230311+deb12u1_all.deb",
    Blob("b" * 64, 155344),
)
STANZA = render([ZLIB])


def test_what_is_written_is_read_again() -> None:
    text = render([ZLIB, CERTIFICATES], "a heading\nof lines")
    assert parse(text, "base.lock") == (CERTIFICATES, ZLIB)


def test_debian_s_own_tools_read_it_too() -> None:
    from debian.deb822 import Packages

    (stanza,) = Packages.iter_paragraphs(STANZA.splitlines(keepends=True), use_apt_pkg=False)
    assert stanza["Version"] == ZLIB.version
    assert stanza["Filename"] == ZLIB.path


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("pool/main", "pool/../../etc", "bad Filename"),
        ("pool/main", "/pool/main", "bad Filename"),
        ("pool/main", "http://x/pool", "bad Filename"),
        ("pool/main/z", "pool//z", "bad Filename"),
        (A, "A" * 64, "bad SHA256"),
        (A, "abc", "bad SHA256"),
        ("86928", "-1", "bad Size"),
        ("Package: zlib1g", "Package: ../zlib1g", "bad Package"),
        ("Package: zlib1g", "Package: zlib", "should end in `zlib_"),
        ("Version: 1:1.2.13.dfsg-1", "Version: 1:1.2.14-1", "should end in"),
        ("Architecture: amd64", "Architecture: arm64", "bad Architecture"),
        ("Size: 86928\n", "", "lacks Size"),
    ],
)
def test_hostile_or_wrong_stanzas_are_refused(old: str, new: str, problem: str) -> None:
    with pytest.raises(AirgapError) as raised:
        parse("\n" + STANZA.replace(old, new), "base.lock")
    assert raised.value.found is not None
    assert raised.value.found.startswith("line 2: ")
    assert problem in raised.value.found


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    text = f"{STANZA}\n{STANZA}Size: 1\nNote: hello\n"
    with pytest.raises(AirgapError) as raised:
        parse(text, "base.lock")
    message = str(raised.value)
    assert "line 14: a second `Size` in one stanza" in message
    assert "line 15: not a field of this lock: 'Note: hello'" in message
    assert "line 8: `zlib1g` is locked twice" in message
