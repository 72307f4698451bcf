"""What goes with the parts: a page to tick off, and the program for the receiver as one file."""

import subprocess
from pathlib import Path

from airgap.transport.parts import Transfer
from airgap.transport.plan import Carried, render_plan
from airgap.transport.program import render_program
from tests.airgap.transport.bundles import ROOT, bytes_in, make_bundle, split_small

PARTS = [Carried(f"demo.00{n}.part", 4_294_963_200, f"{n}" * 64) for n in (1, 2, 3)]
OTHERS = [Carried("airgap-parts", 66_000, "a" * 64)]


def test_each_file_has_a_line_with_boxes_number_size_and_hash() -> None:
    page = render_plan(Transfer("demo", "d" * 64, 1), PARTS, OTHERS).decode()
    lines = [line for line in page.splitlines() if line.startswith("[ ]  [ ]")]
    assert [line.split()[4:] for line in lines[:3]] == [
        [str(n), "__________", "4294963200", str(n) * 8, f"demo.00{n}.part"] for n in (1, 2, 3)
    ]
    assert lines[3].split()[4:] == ["__________", "66000", "aaaaaaaa", "airgap-parts"]
    assert f"sha256:{'d' * 64}" in page
    assert "12.9 GB" in page
    assert "verify FOLDER…" in page and "join DEST FOLDER…" in page
    assert "apply" not in page


def test_that_of_a_delta_says_what_to_do_with_one() -> None:
    page = render_plan(Transfer("demo", "d" * 64, 1, inventory="e" * 64), PARTS, []).decode()
    assert "./airgap apply FOLDER…" in page and "join" not in page.replace("do not join", "")


def test_the_program_is_one_file_that_runs_alone(tmp_path: Path) -> None:
    program = tmp_path / "airgap-parts"
    program.write_bytes(render_program(ROOT / "src/host"))
    ran = subprocess.run(
        ["sh", program, "help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "verify" in ran.stdout


def test_the_receiver_finds_the_parts_whole_and_sends_a_receipt_that_is_read(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    split_small(make_bundle(tmp_path / "bundle", {"a": bytes(range(256)) * 300}), out, 30_000)
    ran = subprocess.run(["sh", out / "airgap-parts", "verify"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert set(bytes_in(out)) >= {"PARTS", "PLAN.txt", "airgap-parts"}


def test_sha256sum_says_of_every_file_what_the_list_and_the_plan_say(tmp_path: Path) -> None:
    out = tmp_path / "out"
    split_small(make_bundle(tmp_path / "bundle", {"a": bytes(range(256)) * 300}), out, 30_000)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "PARTS"], cwd=out, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    listed = {line[66:]: line[:8] for line in (out / "PARTS").read_text().splitlines()}
    assert listed.keys() == bytes_in(out).keys() - {"PARTS"}
    assert len([name for name in listed if name.endswith(".part")]) > 2
    for line in (out / "PLAN.txt").read_text().splitlines():
        if line.startswith("[ ]  [ ]"):
            assert listed.pop(line.split()[-1]) == line.split()[-2]
    assert listed.keys() == {"PLAN.txt"}
