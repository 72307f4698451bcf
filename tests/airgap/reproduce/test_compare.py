"""Two builds of a bundle that differ: what the difference is called and where it begins."""

import os
from pathlib import Path

import pytest

from airgap.reproduce.compare import account, compare, first_difference
from tests.airgap.reproduce.small_bundle import write_bundle


def test_the_same_bundle_has_no_difference(tmp_path: Path) -> None:
    assert not list(compare(write_bundle(tmp_path / "a"), write_bundle(tmp_path / "b")))


def test_a_layer_is_called_by_its_place_and_comes_before_what_follows_from_it(
    tmp_path: Path,
) -> None:
    one = write_bundle(tmp_path / "a")
    other = write_bundle(tmp_path / "b", layer=b"later")
    found = list(compare(one, other))
    assert found[0].name == "image/layer 00, agent: torch 2.13.0"
    assert found[0].what == "differs from byte 2 on"
    names = [difference.name for difference in found]
    assert names[1:] == [
        "image/config",
        "image/index.json",
        "image/manifest",
        "image/manifest.json",
        "bundle.conf",
        "MANIFEST",
    ]


def test_a_wheel_comes_before_the_layer_that_it_went_into(tmp_path: Path) -> None:
    one = write_bundle(tmp_path / "a")
    other = write_bundle(tmp_path / "b", wheel=b"wheal", layer=b"laier")
    names = [difference.name for difference in compare(one, other)]
    assert names[:2] == [
        "wheelhouse/agent/jieba-0.42.1-py3-none-any.whl",
        "image/layer 00, agent: torch 2.13.0",
    ]


@pytest.mark.parametrize("change", ["mode", "time", "more", "less", "link", "folder"])
def test_not_only_bytes_count(change: str, tmp_path: Path) -> None:
    one, other = write_bundle(tmp_path / "a"), write_bundle(tmp_path / "b")
    program = other / "airgap"
    if change == "mode":
        program.chmod(0o755)
    elif change == "time":
        os.utime(program, (0, 0))
    elif change == "more":
        (other / "more").touch()
        os.utime(other, (315532800, 315532800))
    elif change == "folder":
        (other / "image").chmod(0o700)
    else:
        program.unlink()
        if change == "link":
            program.symlink_to("MANIFEST")
        os.utime(other, (315532800, 315532800))
    (found,) = compare(one, other)
    assert found.name == {"more": "more", "folder": "image"}.get(change, "airgap")
    assert found.paths is None


def test_the_first_byte_that_differs_is_found_beyond_what_is_read_at_once(tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(bytes(3_000_000))
    other.write_bytes(bytes(2_500_000) + b"\1" + bytes(499_999))
    assert first_difference(one, other) == 2_500_000
    other.write_bytes(bytes(2_000_000))
    assert first_difference(one, other) == 2_000_000
    assert first_difference(one, one) is None


def test_without_diffoscope_one_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install diffoscope-minimal" in account((tmp_path / "a", tmp_path / "b"))
