"""``airgap verify`` names every file that is not as it was built."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.host.bundle import Bundle


def test_a_whole_bundle_is_right_and_its_digest_is_said(bundle: Bundle) -> None:
    digest = bundle.write_manifest()
    done = bundle.run("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert digest in done.stdout


@pytest.mark.parametrize(
    "name", ["models/small/weights 权重.safetensors", "agents/example/知识 文件.txt", "README.txt"]
)
def test_a_file_changed_in_place_is_named(bundle: Bundle, name: str) -> None:
    path = bundle.root / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = bundle.run("verify")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.endswith(name)] == [
        f"changed     {name}"
    ]


def test_every_kind_of_damage_is_named_at_once(bundle: Bundle) -> None:
    root = bundle.root
    (root / "models/small/config.json").unlink()
    (root / "image/blobs/sha256/ab").write_text("layer")
    (root / "agents/example/多余 extra.txt").write_text("")
    (root / "agents/example/builder_config.json").write_text("[]")
    done = bundle.run("verify")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        "changed     agents/example/builder_config.json",
        "extra       agents/example/多余 extra.txt",
        "missing     models/small/config.json",
        "wrong size  image/blobs/sha256/ab (should be 5000 bytes, is 5)",
    ]
    assert "4 of its files are not right" in done.stderr


def test_links_count_by_what_they_lead_to(bundle: Bundle) -> None:
    link = bundle.root / "pex" / "link.whl"
    link.parent.mkdir()
    link.symlink_to("../models/minilm/config.json")
    bundle.write_manifest()
    assert bundle.run("verify").returncode == 0
    link.unlink()
    link.symlink_to("nowhere")
    assert "missing     pex/link.whl" in bundle.run("verify").stdout


@pytest.fixture
def linked(bundle: Bundle) -> Bundle:
    """A wheel of 3 MB with three more names: two links and a second name on the disk."""
    wheel = bundle.root / "wheelhouse/a/wheel.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"wheel" * 600_000)
    for link in ("one/wheel.whl", "two/wheel 轮.whl"):
        path = bundle.root / "pex" / link
        path.parent.mkdir(parents=True)
        path.symlink_to("../../wheelhouse/a/wheel.whl")
    (bundle.root / "wheelhouse/b").mkdir()
    os.link(wheel, bundle.root / "wheelhouse/b/wheel.whl")
    (bundle.root / "wheelhouse/a/other.whl").write_bytes(b"other" * 600_000)
    bundle.write_manifest()
    return bundle


def test_what_has_several_names_is_read_and_counted_once(linked: Bundle, tmp_path: Path) -> None:
    listed = [path for path in linked.root.rglob("*") if path.is_file()]
    listed.remove(linked.root / "MANIFEST")
    files, size = len(listed) - 3, sum(path.stat().st_size for path in listed) - 3 * 3_000_000
    tools = tmp_path / "tools"
    tools.mkdir()
    # What is large is read by openssl; this one says what sha256sum says.
    openssl = tools / "openssl"
    openssl.write_text(f'#!/bin/sh\nstat -L -c %s /dev/stdin >>"{tools}/read"\nexec sha256sum\n')
    openssl.chmod(0o755)
    done = linked.run("verify", PATH=f"{tools}:{linked.docker}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert f"Checking {files} files, {size / 1e6:.1f} MB, and 3 links" in done.stdout
    assert f"All {files} files and 3 links to them are right ({size / 1e6:.1f} MB)" in done.stdout
    assert (tools / "read").read_text().split().count("3000000") == 2


def test_a_change_of_what_has_several_names_is_named_under_each(linked: Bundle) -> None:
    with (linked.root / "wheelhouse/a/wheel.whl").open("r+b") as wheel:
        wheel.write(b"W")
    assert linked.run("verify").stdout.splitlines()[1:] == [
        "changed     pex/one/wheel.whl",
        "changed     pex/two/wheel 轮.whl",
        "changed     wheelhouse/a/wheel.whl",
        "changed     wheelhouse/b/wheel.whl",
    ]


def test_a_link_that_leads_to_another_file_of_that_size_is_named(linked: Bundle) -> None:
    link = linked.root / "pex/one/wheel.whl"
    link.unlink()
    link.symlink_to("../../wheelhouse/a/other.whl")
    assert linked.run("verify").stdout.splitlines()[1:] == ["changed     pex/one/wheel.whl"]


def test_a_file_in_place_of_a_link_counts_by_its_own_content(linked: Bundle) -> None:
    link = linked.root / "pex/one/wheel.whl"
    content = link.read_bytes()
    link.unlink()
    link.write_bytes(content)
    assert "and 2 links to them are right" in linked.run("verify").stdout
    link.write_bytes(b"W" + content[1:])
    assert linked.run("verify").stdout.splitlines()[1:] == ["changed     pex/one/wheel.whl"]


def test_a_link_out_of_the_bundle_counts_by_what_is_there(linked: Bundle, tmp_path: Path) -> None:
    link = linked.root / "pex/one/wheel.whl"
    outside = tmp_path / "outside.whl"
    shutil.copy(link, outside)
    link.unlink()
    link.symlink_to(outside)
    assert linked.run("verify").returncode == 0
    outside.write_bytes(b"W" + outside.read_bytes()[1:])
    assert linked.run("verify").stdout.splitlines()[1:] == ["changed     pex/one/wheel.whl"]
    outside.unlink()
    assert linked.run("verify").stdout.splitlines()[1:] == ["missing     pex/one/wheel.whl"]


def test_a_name_that_looks_like_an_option_or_an_escape(bundle: Bundle) -> None:
    for name in ("-n", "back\\slash", "new\\nline", "  blanks"):
        (bundle.root / name).write_text(name)
    bundle.write_manifest()
    assert bundle.run("verify").returncode == 0
    (bundle.root / "back\\slash").write_text("back/slash")
    assert "changed     back\\slash" in bundle.run("verify").stdout


def test_many_small_files(bundle: Bundle) -> None:
    folder = bundle.root / "wheelhouse"
    folder.mkdir()
    for number in range(1500):
        (folder / f"a rather long name of a file, number {number}").write_text(str(number))
    bundle.write_manifest()
    assert bundle.run("verify").returncode == 0
    (folder / "a rather long name of a file, number 777").write_text("778")
    stdout = bundle.run("verify").stdout
    assert stdout.splitlines()[1:] == [
        "changed     wheelhouse/a rather long name of a file, number 777"
    ]


def test_the_operators_own_settings_are_not_extra(bundle: Bundle) -> None:
    (bundle.root / "airgap.conf").write_text("# mine\n")
    assert bundle.run("verify").returncode == 0


def test_byte_code_of_a_pex_that_was_run_is_not_extra(bundle: Bundle) -> None:
    bundle.write_manifest()
    folder = bundle.root / "pex/agent/__pycache__"
    folder.mkdir(parents=True)
    (folder / "__main__.cpython-311.pyc").write_text("")
    assert bundle.run("verify").returncode == 0
    (folder.parent / "stray.py").write_text("")
    assert bundle.run("verify").returncode == 1


@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        ("", "1"),
        ("something else\n", "1"),
        ("airgap-manifest 1\nabc 5 path\n", "2"),
        (f"airgap-manifest 1\n{'0' * 64} 5 path\n{'0' * 64} many path\n", "3"),
        (f"airgap-manifest 1\n{'0' * 64} 5\n", "2"),
    ],
)
def test_a_damaged_manifest_is_said_with_its_line(bundle: Bundle, manifest: str, line: str) -> None:
    (bundle.root / "MANIFEST").write_text(manifest)
    assert f"MANIFEST is damaged in line {line}\n" in bundle.fails("verify")


def test_no_manifest(bundle: Bundle) -> None:
    (bundle.root / "MANIFEST").unlink()
    assert "no readable MANIFEST" in bundle.fails("verify")


def test_nothing_is_left_in_the_temporary_folder(bundle: Bundle, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    bundle.run("verify", TMPDIR=str(scratch))
    assert list(scratch.iterdir()) == []
    assert "cannot write temporary files" in bundle.fails("verify", TMPDIR=str(scratch / "no"))


def test_a_full_temporary_folder_makes_nothing_right(bundle: Bundle, tmp_path: Path) -> None:
    for number in range(300):
        (bundle.root / f"models/small/shard-{number:05}-of-00300").write_bytes(b"%d" % number)
    bundle.write_manifest()
    for number in (7, 150):
        (bundle.root / f"models/small/shard-{number:05}-of-00300").write_bytes(b"!" * (number > 9))
    scratch = tmp_path / "small disk"
    scratch.mkdir()
    codes = []
    for size in range(8, 120, 8):
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", str(scratch)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
            pytest.skip("a file system cannot be mounted here")
        try:
            done = bundle.run("verify", TMPDIR=str(scratch))
        finally:
            subprocess.run(["umount", str(scratch)], check=True)
        codes.append(done.returncode)
        named = [line for line in done.stdout.splitlines() if "shard-00007" in line]
        assert named or "cannot write temporary files" in done.stderr, (size, done)
    assert set(codes) == {1}
