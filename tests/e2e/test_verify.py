"""`airgap verify` on the built demo, whole and damaged. Needs no Docker."""

from pathlib import Path

import pytest

from tests.e2e.bundle import Bundle, shadow


@pytest.fixture
def damaged(demo_folder: Path, tmp_path: Path) -> Bundle:
    copy = tmp_path / "damaged copy" / "demo"
    shadow(demo_folder, copy)
    return Bundle(copy, {"AIRGAP_STATE_DIR": str(tmp_path / "state")})


def test_the_bundle_as_built_is_right(demo_folder: Path) -> None:
    done = Bundle(demo_folder).airgap("verify")
    assert (done.returncode, done.stderr) == (0, "")
    names = [
        line.split(" ", 2)[2] for line in (demo_folder / "MANIFEST").read_text().splitlines()[1:]
    ]
    files = len({(demo_folder / name).stat().st_ino for name in names})
    links = len(names) - files
    assert f"All {files} files and {links} links to them are right" in done.stdout


def test_each_damaged_file_is_named(damaged: Bundle) -> None:
    layer = max(
        (damaged.folder / "image/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size
    )
    original = layer.resolve()
    layer.unlink()
    with original.open("rb") as file:
        layer.write_bytes(file.read(1_000_000))
    config = damaged.folder / "models/smollm2_135m_instruct/config.json"
    text = config.read_bytes()
    config.write_bytes(text[:-2] + bytes([text[-2] ^ 1]) + text[-1:])
    (damaged.folder / "agents/example/harbour-desk.md").unlink()
    (damaged.folder / "models/minilm/note 备注.txt").write_text("not of the bundle")
    (damaged.folder / "airgap.conf").write_text("AGENT_PORT=17865\n")  # the operator's own

    done = damaged.airgap("verify")

    assert done.returncode == 1
    problems = sorted(line for line in done.stdout.splitlines()[1:])
    assert problems == [
        "changed     models/smollm2_135m_instruct/config.json",
        "extra       models/minilm/note 备注.txt",
        "missing     agents/example/harbour-desk.md",
        f"wrong size  image/blobs/sha256/{layer.name}"
        f" (should be {original.stat().st_size} bytes, is 1000000)",
    ]
    assert "4 of its files are not right" in done.stderr
