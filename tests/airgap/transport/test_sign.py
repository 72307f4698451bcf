"""A bundle is signed as minisign signs, and a rebuild keeps no signature of something else."""

import io
import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from airgap import cli
from airgap.bundle import lay_out
from airgap.make import write_target
from airgap.store import Store
from airgap.transport import manifest
from tests.airgap.test_bundle import bundle as demo
from tests.airgap.transport.bundles import make_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "dist" / "small", {"airgap": b"#!/bin/sh\n", "pex/a": b"pex"})


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with a key that has no password."""
    assert cli.main(["key", "new", "--no-password", str(tmp_path / "keys")]) == 0
    return tmp_path / "keys"


def minisign(*arguments: str | Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Debian's own program, which shares no code with the library that signs here."""
    if shutil.which("minisign") is None:
        if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
            pytest.fail("minisign is not installed")
        pytest.skip("minisign is not installed")
    command = ["minisign", *map(str, arguments)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60)


def sign(bundle: Path, key: Path) -> None:
    assert cli.main(["sign", str(bundle), "--key", str(key)]) == 0


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_minisign_accepts_the_signature_and_reads_which_bundle_it_is(
    bundle: Path, keys: Path
) -> None:
    sign(bundle, keys / "minisign.key")
    found = minisign("-VHm", bundle / "MANIFEST", "-p", keys / "minisign.pub")
    assert found.returncode == 0, found.stdout + found.stderr
    digest = manifest.digest((bundle / "MANIFEST").read_bytes())
    assert f"Trusted comment: bundle small sha256:{digest}\n" in found.stdout


def test_minisign_refuses_a_manifest_that_was_changed_since(bundle: Path, keys: Path) -> None:
    sign(bundle, keys / "minisign.key")
    with (bundle / "MANIFEST").open("a") as out:
        out.write(f"{'0' * 64} 5 smuggled\n")
    assert minisign("-Vm", bundle / "MANIFEST", "-p", keys / "minisign.pub").returncode == 1


def test_a_key_that_minisign_made_signs(bundle: Path, tmp_path: Path) -> None:
    public, secret = tmp_path / "theirs.pub", tmp_path / "theirs.key"
    assert minisign("-GW", "-p", public, "-s", secret).returncode == 0
    sign(bundle, secret)
    assert minisign("-VHm", bundle / "MANIFEST", "-p", public).returncode == 0


def test_a_password_of_minisign_opens_its_key(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, secret = tmp_path / "theirs.pub", tmp_path / "theirs.key"
    assert minisign("-G", "-p", public, "-s", secret, typed="密 码\n密 码\n").returncode == 0
    type_in(monkeypatch, "密 码\n")
    sign(bundle, secret)
    assert minisign("-VHm", bundle / "MANIFEST", "-p", public).returncode == 0


def test_minisign_signs_with_a_key_and_a_password_that_were_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "a long one\n")
    keys = tmp_path / "keys"
    assert cli.main(["key", "new", str(keys)]) == 0
    (tmp_path / "file").write_text("anything")
    signed = minisign(
        *("-S", "-s", keys / "minisign.key", "-m", tmp_path / "file"), typed="a long one\n"
    )
    assert signed.returncode == 0, signed.stderr
    assert minisign("-Vm", tmp_path / "file", "-p", keys / "minisign.pub").returncode == 0


def test_the_public_key_is_named_as_minisign_names_it(keys: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pub"
    minisign("-RW", "-s", keys / "minisign.key", "-p", again)
    ours, theirs = (path.read_text().splitlines() for path in (keys / "minisign.pub", again))
    assert ours[1] == theirs[1]
    # Debian's leaves out zeros at the front.
    name, _, identity = ours[0].rpartition(" ")
    assert f"{name} {identity.lstrip('0')}" == theirs[0]


def test_the_same_key_and_bundle_give_the_same_signature(bundle: Path, keys: Path) -> None:
    sign(bundle, keys / "minisign.key")
    first = (bundle / "MANIFEST.minisig").read_bytes()
    sign(bundle, keys / "minisign.key")
    assert (bundle / "MANIFEST.minisig").read_bytes() == first


def test_only_the_owner_can_read_the_secret_key(keys: Path) -> None:
    assert stat.S_IMODE((keys / "minisign.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in keys.iterdir()) == ["minisign.key", "minisign.pub"]


@pytest.mark.parametrize("left", ["minisign.key", "minisign.pub"])
def test_no_key_is_ever_written_over(
    keys: Path, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in keys.iterdir():
        if path.name != left:
            path.unlink()
    content = (keys / left).read_bytes()
    assert cli.main(["key", "new", "--no-password", str(keys)]) == 1
    assert (keys / left).read_bytes() == content
    assert f"a file {left} in it" in capsys.readouterr().err


def test_a_wrong_password_is_said(
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    type_in(monkeypatch, "right\n")
    assert cli.main(["key", "new", str(tmp_path / "keys")]) == 0
    type_in(monkeypatch, "wrong\n")
    key = str(tmp_path / "keys" / "minisign.key")
    assert cli.main(["sign", str(bundle), "--key", key]) == 1
    assert "wrong password" in capsys.readouterr().err
    assert not (bundle / "MANIFEST.minisig").exists()


def test_an_empty_password_makes_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "")
    assert cli.main(["key", "new", str(tmp_path / "keys")]) == 1
    assert "--no-password" in capsys.readouterr().err
    assert not (tmp_path / "keys").exists()


def test_without_key_or_with_another_file_it_is_said_what_to_do(
    bundle: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sign", str(bundle), "--key", str(keys / "none")]) == 1
    assert "key new" in capsys.readouterr().err
    assert cli.main(["sign", str(bundle), "--key", str(keys / "minisign.pub")]) == 1
    assert "a secret key" in capsys.readouterr().err


def test_a_folder_that_is_not_whole_is_not_signed(
    bundle: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle / "pex/a").unlink()
    assert cli.main(["sign", str(bundle), "--key", str(keys / "minisign.key")]) == 1
    assert "pex/a" in capsys.readouterr().err
    assert not (bundle / "MANIFEST.minisig").exists()


def test_a_rebuild_keeps_the_signature_while_the_manifest_is_the_same(
    store: Store, keys: Path, tmp_path: Path
) -> None:
    dest = tmp_path / "dist" / "demo"
    write_target(store, lay_out(store, demo(store)), dest)
    sign(dest, keys / "minisign.key")
    signature = (dest / "MANIFEST.minisig").read_bytes()
    (dest / "airgap").unlink()
    write_target(store, lay_out(store, demo(store)), dest)
    assert (dest / "airgap").exists()
    assert (dest / "MANIFEST.minisig").read_bytes() == signature


def test_a_rebuild_removes_the_signature_of_another_manifest(
    store: Store, keys: Path, tmp_path: Path
) -> None:
    dest = tmp_path / "dist" / "demo"
    write_target(store, lay_out(store, demo(store)), dest)
    sign(dest, keys / "minisign.key")
    changed = replace(demo(store), conf={"LLM": "minilm", "DTYPE": "half"})
    write_target(store, lay_out(store, changed), dest)
    assert not (dest / "MANIFEST.minisig").exists()
