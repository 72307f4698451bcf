"""With PUBLIC_KEY set, what was not signed with that key is neither verified nor started."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from airgap.store import Store
from airgap.transport.delta import delta
from tests.host.bundle import BUNDLE_CONF, HOST, Bundle, path_without
from tests.host.delta import upgrade_of

STARTING = ["verify", "load", "up", "run", "start server", "publish", "run-pex tool"]
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")


def minisign(*arguments: str | Path) -> None:
    if shutil.which("minisign") is None:
        if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
            pytest.fail("minisign is not installed")
        pytest.skip("minisign is not installed")
    subprocess.run(["minisign", *map(str, arguments)], check=True, capture_output=True)


def make_key(folder: Path) -> Path:
    minisign("-GW", "-p", folder / "minisign.pub", "-s", folder / "minisign.key")
    return folder


def sign(bundle: Bundle, key: Path) -> None:
    minisign("-S", "-W", "-s", key / "minisign.key", "-m", bundle.root / "MANIFEST")


def line_of(key: Path) -> str:
    return (key / "minisign.pub").read_text().splitlines()[1]


def id_of(key: Path) -> str:
    return (key / "minisign.pub").read_text().splitlines()[0].rpartition(" ")[2].zfill(16)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "key").mkdir()
    return make_key(tmp_path / "key")


@pytest.fixture
def signed(bundle: Bundle, key: Path) -> Bundle:
    """A bundle that is signed, on a host that asks for that signature."""
    bundle.write_manifest()
    sign(bundle, key)
    (bundle.root / "airgap.conf").write_text(f"PUBLIC_KEY={line_of(key)}\n")
    return bundle


@pytest.fixture
def bare(signed: Bundle, tmp_path: Path) -> Bundle:
    """The same on a host that has no minisign of its own."""
    rest = path_without("minisign", tmp_path / "bin", os.environ["PATH"])
    settings = {**signed.settings, "PATH": f"{signed.docker}:{rest}"}
    return Bundle(signed.root, signed.docker, signed.shell, settings)


def put_image(bundle: Bundle, *, minisign: str = "") -> None:
    """An image whose first layer holds Debian's minisign and its libraries, or another program."""
    layer = bundle.root / "image/blobs/sha256/ab"
    with tarfile.open(layer, "w") as out:
        out.add(minisign or "/usr/bin/minisign", "usr/bin/minisign")
        for name in ("ld-linux-x86-64.so.2", "libc.so.6", "libsodium.so.23", "libc.so"):
            path = LIBRARIES / name
            if path.exists():
                out.add(path.resolve(), f"usr/lib/x86_64-linux-gnu/{name}")
    manifest = [{"Config": "blobs/sha256/cd", "Layers": ["blobs/sha256/ab", "blobs/sha256/ef"]}]
    (bundle.root / "image/manifest.json").write_text(json.dumps(manifest, separators=(",", ":")))


def test_a_signed_bundle_is_right_and_the_key_is_named(signed: Bundle, key: Path) -> None:
    done = signed.run("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"MANIFEST is signed with the key {id_of(key)}, says the minisign of this host" in (
        done.stdout
    )
    assert "came with the bundle" not in done.stdout


def test_what_compares_sizes_alone_says_so(signed: Bundle, key: Path) -> None:
    done = signed.run("up")
    assert done.returncode == 0, done.stderr
    assert f"signed with the key {id_of(key)}" in done.stdout
    assert 'by size here, and in full by "' in done.stdout
    assert "by size" not in signed.run("verify").stdout


def test_without_a_key_it_is_said_that_no_signature_was_checked(bundle: Bundle) -> None:
    bundle.write_manifest()
    done = bundle.run("verify")
    assert done.returncode == 0
    assert "no signature was checked" in done.stdout


@pytest.mark.parametrize("command", STARTING)
def test_an_unsigned_bundle_is_refused_before_anything_is_done(
    signed: Bundle, key: Path, command: str
) -> None:
    (signed.root / "MANIFEST.minisig").unlink()
    said = signed.fails(*command.split())
    assert "has no MANIFEST.minisig" in said
    assert id_of(key) in said
    assert all(call[0] == "version" for call in signed.calls())


@pytest.mark.parametrize("command", STARTING)
def test_a_manifest_that_was_changed_since_is_refused(signed: Bundle, command: str) -> None:
    weights = signed.root / "models/small/weights 权重.safetensors"
    weights.write_text("forged")
    (signed.root / "MANIFEST").unlink()
    signature = (signed.root / "MANIFEST.minisig").read_bytes()
    (signed.root / "MANIFEST.minisig").unlink()
    signed.write_manifest()
    (signed.root / "MANIFEST.minisig").write_bytes(signature)
    assert "is not what was signed with the key" in signed.fails(*command.split())
    assert all(call[0] == "version" for call in signed.calls())


def test_a_signature_of_somebody_else_is_refused(signed: Bundle, key: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_key(tmp_path / "other")
    sign(signed, other)
    said = signed.fails("verify")
    assert f"is of the key {id_of(other)}" in said
    assert f"a signature with the key {id_of(key)}" in said


def test_a_signature_that_claims_the_right_key_is_refused(signed: Bundle, tmp_path: Path) -> None:
    path = signed.root / "MANIFEST.minisig"
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:40] + ("A" if lines[1][40] != "A" else "B") + lines[1][41:]
    path.write_text("\n".join(lines) + "\n")
    said = signed.fails("up")
    assert "is not what was signed with the key" in said
    assert ": Signature verification failed" in said


@pytest.mark.parametrize("text", ["", "nonsense\n", "a\n%%%\nb\nc\n"])
def test_what_is_no_signature_is_refused(signed: Bundle, text: str) -> None:
    (signed.root / "MANIFEST.minisig").write_text(text)
    assert "is of the key ?" in signed.fails("verify")


def test_damage_of_a_file_is_found_behind_a_right_signature(signed: Bundle) -> None:
    (signed.root / "agents/example/builder_config.json").write_text("[]")
    done = signed.run("verify")
    assert done.returncode == 1
    assert "is signed with the key" in done.stdout
    assert "changed     agents/example/builder_config.json" in done.stdout


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_the_key_may_be_a_file_from_whatever_editor(signed: Bundle, key: Path, ending: str) -> None:
    text = (key / "minisign.pub").read_text().replace("\n", ending or "\n").removesuffix("\n")
    (signed.root.parent / "their key.pub").write_bytes((text + ending).encode())
    (signed.root / "airgap.conf").write_text("PUBLIC_KEY='../their key.pub'\n")
    done = signed.run("verify")
    assert "is signed with the key" in done.stdout, done.stderr


@pytest.mark.parametrize("value", ["nowhere.pub", "RWtooShort", "README.txt"])
def test_what_is_no_key_is_said(signed: Bundle, value: str) -> None:
    (signed.root / "airgap.conf").write_text(f"PUBLIC_KEY={value}\n")
    said = signed.fails("verify")
    assert f'PUBLIC_KEY is "{value}"' in said
    assert "minisign.pub" in said


def test_a_bundle_cannot_bring_the_key_that_it_is_checked_with(bundle: Bundle, key: Path) -> None:
    conf = bundle.root / "bundle.conf"
    conf.write_text(conf.read_text() + f"PUBLIC_KEY='{line_of(key)}'\n")
    bundle.write_manifest()
    sign(bundle, key)
    assert "no signature was checked" in bundle.run("verify").stdout
    assert "is signed" not in bundle.run("up").stdout


def test_without_minisign_on_the_host_that_of_the_folder_is_asked_and_it_is_said_what_that_proves(
    bare: Bundle, key: Path
) -> None:
    put_image(bare)
    (bare.root / "MANIFEST.minisig").unlink()
    bare.write_manifest()
    sign(bare, key)
    done = bare.run("verify")
    assert done.returncode == 0, done.stderr
    assert "says the minisign that came with the bundle itself" in done.stdout
    assert "a forged bundle could bring one that lies" in done.stdout
    with (bare.root / "MANIFEST").open("a") as out:
        out.write(f"{'0' * 64} 5 smuggled\n")
    assert "is not what was signed with the key" in bare.fails("verify")


def test_without_any_minisign_nothing_is_accepted(bare: Bundle) -> None:
    said = bare.fails("up")
    assert "no minisign can be run" in said
    assert "AIRGAP_PUBLIC_KEY= " in said


def test_what_is_no_program_counts_as_none(bare: Bundle, key: Path, tmp_path: Path) -> None:
    (tmp_path / "minisign").write_text("not a program")
    (tmp_path / "minisign").chmod(0o755)
    put_image(bare, minisign=str(tmp_path / "minisign"))
    (bare.root / "MANIFEST.minisig").unlink()
    bare.write_manifest()
    sign(bare, key)
    assert "no minisign can be run" in bare.fails("load")


def test_where_the_image_is_in_docker_alone_it_is_asked_there_closed_in(bare: Bundle) -> None:
    shutil.rmtree(bare.root / "image")
    bare.docker_says("image", BUNDLE_CONF["IMAGE_ID"])
    done = bare.run("verify")
    assert (
        "says the minisign that came with the bundle itself (localhost/airgap/demo" in done.stdout
    )
    (call,) = bare.calls("run")
    assert call[call.index("--network") + 1] == "none"
    assert call[call.index("--cap-drop") + 1] == "ALL"
    assert f"SIGNATURE={(bare.root / 'MANIFEST.minisig').read_text().strip()}" in call


def test_an_image_without_minisign_is_not_unpacked(bare: Bundle, tmp_path: Path) -> None:
    layer = bare.root / "image/blobs/sha256/ab"
    trace = tmp_path / "tar was called"
    with tarfile.open(layer, "w") as out:
        out.add(bare.root / "README.txt", "usr/bin/other")
    manifest = [{"Config": "blobs/sha256/cd", "Layers": ["blobs/sha256/ab"]}]
    (bare.root / "image/manifest.json").write_text(json.dumps(manifest, separators=(",", ":")))
    if bare.shell != ["dash"]:
        pytest.skip("busybox runs its own tar")
    tar = tmp_path / "bin/tar"
    real = tar.resolve()
    tar.unlink()
    tar.write_text(f'#!/bin/sh\ncase $* in *-xf*) : >"{trace}" ;; esac\nexec {real} "$@"\n')
    tar.chmod(0o755)
    assert "no minisign can be run" in bare.fails("verify")
    assert not trace.exists()


@pytest.mark.parametrize("how", ["right", "unsigned", "forged"])
def test_what_is_applied_is_signed_with_the_same_key(
    signed: Bundle, key: Path, tmp_path: Path, how: str
) -> None:
    upgrade = upgrade_of(signed, tmp_path)
    sign(signed, key)  # the manifest was written anew
    (upgrade.new.root / "airgap.conf").unlink()
    signature = upgrade.new.root / "MANIFEST.minisig"
    signature.unlink(missing_ok=True)
    upgrade.new.write_manifest()
    if how == "right":
        sign(upgrade.new, key)
    elif how == "forged":
        shutil.copy(signed.root / "MANIFEST.minisig", signature)
    upgrade.take_inventory()
    store = Store(tmp_path / "unused")
    delta(store, HOST.parents[1], upgrade.inventory, upgrade.new.root, upgrade.medium, 262_148, 0)
    (part, *_) = sorted(upgrade.medium.glob("*.part"))
    name = f"demo-{part.name.split('-')[1]}"
    applied = signed.root.parent / name
    if how == "right":
        done = signed.run("apply", str(upgrade.medium))
        assert done.returncode == 0, done.stderr
        assert f"signed with the key {id_of(key)}" in done.stdout
        assert (applied / "MANIFEST.minisig").is_file()
    else:
        said = signed.fails("apply", str(upgrade.medium))
        assert (
            "has no MANIFEST.minisig" if how == "unsigned" else "is not what was signed"
        ) in said
        assert not applied.exists()
        assert not applied.with_name(f".{name}.partial").exists()
