"""What says who made a bundle, a key and a signature, damaged in any way.

Under dash and busybox sh; each try is a run of the program, and the judge is minisign.
"""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.airgap.fuzz.mutations import any_or_damaged, tries
from tests.host.bundle import Bundle
from tests.host.test_fuzz_text import run
from tests.host.test_signature import line_of, make_key, sign


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path)


@pytest.fixture
def signed(bundle: Bundle, key: Path) -> Bundle:
    """A signed bundle, on a host whose settings name the file with the key."""
    bundle.write_manifest()
    sign(bundle, key)
    (bundle.root / "airgap.conf").write_text(f"PUBLIC_KEY={key}/minisign.pub\n")
    return bundle


@tries(25)
@given(data=st.data())
def test_a_damaged_signature_counts_where_minisign_says_so_alone(
    signed: Bundle, key: Path, data: st.DataObject
) -> None:
    sign(signed, key)
    manifest, file = signed.root / "MANIFEST", signed.root / "MANIFEST.minisig"
    file.write_bytes(data.draw(any_or_damaged(file.read_bytes())))
    status, _, said = run(signed, "verify")
    judged = subprocess.run(
        ["minisign", "-Vm", manifest, "-P", line_of(key)], capture_output=True, check=False
    )
    assert (status == 0) <= (judged.returncode == 0), said


@tries(25)
@given(data=st.data())
def test_a_damaged_key_lets_nothing_pass_that_it_did_not_sign(
    signed: Bundle, key: Path, data: st.DataObject
) -> None:
    file = key / "minisign.pub"
    whole = file.read_bytes()
    line = line_of(key)
    try:
        file.write_bytes(changed := data.draw(any_or_damaged(whole)))
        status, _, said = run(signed, "verify")
    finally:
        file.write_bytes(whole)
    # A shell reads no zero bytes.
    assert status == 1 or line.encode() in changed.replace(b"\0", b""), said
