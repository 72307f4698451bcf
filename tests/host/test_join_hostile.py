"""Parts that somebody else wrote cannot make ``join`` write outside its folder, or believe them."""

import hashlib
import os
import shutil
import signal
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.store import Blob
from airgap.transport.parts import Header, render
from airgap.transport.parts import Transfer as Sent
from airgap.transport.program import render_program
from tests.host.bundle import HOST, environ_in
from tests.host.conftest import SHELLS, shell_command
from tests.host.processes import left_running, turn_of
from tests.host.streams import END, header_of, link, manifest_of, member, send
from tests.host.transfer import Transfer, write_parts

DATA = b"x" * 700
FILES = {"a": DATA, "b/c": DATA}
GOOD = member("a", DATA) + member("b/c", DATA)


@pytest.fixture(params=SHELLS)
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Transfer:
    shell = shell_command(request.param)
    return Transfer(tmp_path / "none", tmp_path / "medium", shell, environ_in(tmp_path))


def refused(medium: Transfer, tmp_path: Path) -> str:
    """Joins, expects an error, and that nothing was written anywhere."""
    dest = tmp_path / "victim" / "dest"
    dest.mkdir(parents=True)
    said = medium.fails("join", dest)
    assert list((tmp_path / "victim").rglob("*")) == [dest]
    assert not (tmp_path / "medium" / "passwd").exists()
    return said


def test_what_is_right_is_joined(medium: Transfer, tmp_path: Path) -> None:
    send(manifest_of(FILES), GOOD + END, medium.out)
    done = medium.run("join", tmp_path / "dest")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dest/demo/b/c").read_bytes() == DATA


@pytest.mark.parametrize(
    "entries",
    [
        member("../passwd", DATA) + GOOD,
        member("/tmp/passwd", DATA) + GOOD,
        GOOD + member("b/../../../passwd", DATA),
        GOOD + member("not listed", DATA),
        GOOD + member("a", DATA),
        GOOD + member("MANIFEST", DATA),
        member("./a", DATA) + member("b/c", DATA),
        member("a", DATA),
        member("a", DATA + b"more") + member("b/c", DATA),
        link("a", "/etc/passwd") + member("b/c", DATA),
        link("a", "../../../etc/passwd") + member("b/c", DATA),
        link("b", "/tmp") + GOOD,
        link("b", "..") + member("b/c", DATA),
        link("a", "c") + member("b/c", DATA),
        link("a", "b") + member("b/c", DATA),
        link("a", "a") + link("b/c", "../b/c/"),
        link("a", "b/c\n/etc") + member("b/c", DATA),
        member("a", type=tarfile.LNKTYPE, linkname="/etc/passwd") + member("b/c", DATA),
        member("b", type=tarfile.DIRTYPE) + GOOD,
        member("a", type=tarfile.FIFOTYPE) + member("b/c", DATA),
        member("a", type=tarfile.CHRTYPE) + member("b/c", DATA),
        member("a", DATA, type=tarfile.CONTTYPE) + member("b/c", DATA),
        member("a", DATA, mode=0o4755) + member("b/c", DATA),
        member("a", DATA, uname="root") + member("b/c", DATA),
        GOOD + b"x" * 512,
        GOOD[:100] + b"y" + GOOD[101:],
    ],
)
def test_entries_that_manifest_does_not_list(
    medium: Transfer, tmp_path: Path, entries: bytes
) -> None:
    send(manifest_of(FILES), entries + END, medium.out)
    said = refused(medium, tmp_path)
    assert "at byte " in said
    assert "use nothing of them; ask the sender" in said


def test_a_bad_sum_cannot_hide_entries_in_a_file(medium: Transfer, tmp_path: Path) -> None:
    """tar looks for the next good header behind a bad one, also inside of what is a file."""
    hidden = member("../../../passwd", DATA)
    files = {"a": hidden + DATA}
    entry = bytearray(member("a", hidden + DATA))
    entry[148] ^= 1
    send(manifest_of(files), bytes(entry) + END, medium.out)
    refused(medium, tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/x",
        "../x",
        "b/../x",
        "./x",
        "b//x",
        "b/",
        "a/x",
        "airgap.conf",
        "MANIFEST",
        "x\x07",
        "",
    ],
)
def test_a_manifest_that_leads_out(medium: Transfer, tmp_path: Path, path: str) -> None:
    files = {**FILES, path: DATA}
    entries = b"".join(member(name or "x", data) for name, data in files.items())
    send(manifest_of(files), entries + END, medium.out)
    assert "MANIFEST in them is malformed in line" in refused(medium, tmp_path)


def test_a_manifest_of_another_bundle(medium: Transfer, tmp_path: Path) -> None:
    send(manifest_of(FILES), GOOD + END, medium.out)
    other = tmp_path / "other"
    send(manifest_of({"a": DATA, "b/d": DATA}), GOOD + END, other)
    header = sorted(medium.out.glob("*.part"))[0].read_bytes()[:4096].split(b"\n")[1]
    # The digest of the one with the stream of the other.
    data = member("MANIFEST", manifest_of({"a": DATA, "b/d": DATA})) + GOOD + END
    shutil.rmtree(medium.out)
    write_parts(data, Sent("demo", header[-64:].decode(), len(data)), medium.out, 8300)
    assert "MANIFEST" in refused(medium, tmp_path)


def test_content_that_is_not_what_manifest_says(medium: Transfer, tmp_path: Path) -> None:
    send(manifest_of(FILES), member("a", DATA) + member("b/c", b"y" * 700) + END, medium.out)
    done = medium.run("join", tmp_path / "dest")
    assert done.returncode == 1
    assert "changed     b/c\n" in done.stdout
    assert not (tmp_path / "dest" / "demo").exists()


@pytest.mark.parametrize(
    "image",
    [
        member("a", DATA) + END,
        member("../a", DATA) + END,
        link("x", "../a") + END,
        member("x", DATA),
        member("x", DATA) + END + member("../a", DATA) + END,
    ],
)
def test_an_image_that_is_not_as_listed(medium: Transfer, tmp_path: Path, image: bytes) -> None:
    send(manifest_of({**FILES, "image/x": DATA}), GOOD + END, medium.out, image)
    refused(medium, tmp_path)


def test_offsets_beyond_32_bits_are_told_apart(medium: Transfer, tmp_path: Path) -> None:
    """awk makes an index of such a number as 2.14748e+09."""
    size = 2**31 + 5000
    zeros = bytes(2**20)
    sums = hashlib.sha256(), hashlib.sha256()
    left = size
    while left:
        count = min(left, len(zeros))
        sums[0].update(memoryview(zeros)[:count])
        left -= count
    lines = f"{sums[0].hexdigest()} {size} a\n" + "".join(
        f"{hashlib.sha256(DATA).hexdigest()} {len(DATA)} b/{n}\n" for n in range(40)
    )
    manifest = f"airgap-manifest 1\n{lines}".encode()
    head = member("MANIFEST", manifest) + header_of("a", size)
    tail = bytes(-size % 512) + b"".join(member(f"b/{n}", DATA) for n in range(40))
    tail += member("c", DATA) + END
    sums[1].update(head)
    for start in range(0, size, len(zeros)):
        sums[1].update(memoryview(zeros)[: size - start])
    sums[1].update(tail)
    total = len(head) + size + len(tail)
    digest = hashlib.sha256(manifest).hexdigest()
    top = render(Header(Sent("demo", digest, total), 4096, 1, (Blob(sums[1].hexdigest(), total),)))
    medium.out.mkdir()
    with (medium.out / "demo.001.part").open("wb") as file:
        file.write(top + head)
        file.seek(size, os.SEEK_CUR)
        file.write(tail)
    (medium.out / "airgap-parts").write_bytes(render_program(HOST))
    # All 40 files behind the large one were known, and only then the one that is too many.
    assert refused(medium, tmp_path).splitlines()[0].endswith(" c")


def plant_link(dest: Path) -> None:
    dest.mkdir()
    (dest / ".demo.partial").symlink_to(dest.parent / "elsewhere")


def plant_folder(dest: Path) -> None:
    (dest / ".demo.partial").mkdir(parents=True)
    (dest / ".demo.partial" / "b").symlink_to(dest.parent / "elsewhere")


@pytest.mark.parametrize("plant", [plant_link, plant_folder])
def test_links_in_the_place_of_folders_are_not_followed(
    medium: Transfer, tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("")
    plant(tmp_path / "dest")
    send(manifest_of(FILES), GOOD + END, medium.out)
    medium.run("join", tmp_path / "dest")
    assert [path.name for path in elsewhere.iterdir()] == ["mine"]


def test_a_name_with_a_line_break_removes_nothing_elsewhere(
    medium: Transfer, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.write_text("")
    (tmp_path / "dest/.demo.partial").mkdir(parents=True)
    (tmp_path / "dest/.demo.partial" / f"x\n{tmp_path}").mkdir(parents=True)
    (tmp_path / "dest/.demo.partial" / f"x\n{tmp_path}" / "mine").write_text("")
    send(manifest_of(FILES), GOOD + END, medium.out)
    assert "names with line breaks" in medium.fails("join", tmp_path / "dest")
    assert mine.exists()


def test_a_planted_file_ends_no_process(medium: Transfer, tmp_path: Path) -> None:
    """The name of a file can say of any process that it writes here."""
    send(manifest_of(FILES), GOOD + END, medium.out)
    dest = tmp_path / "dest"
    dest.mkdir()
    with left_running("sleep", "60") as somebody:
        (dest / f".demo.joining.{turn_of(somebody.pid)}.tar").write_text("")
        assert "wait until it has ended" in medium.fails("join", dest)
        assert somebody.poll() is None


def test_a_tar_that_outlived_its_join_is_ended(medium: Transfer, tmp_path: Path) -> None:
    send(manifest_of(FILES), GOOD + END, medium.out)
    dest = tmp_path / "dest"
    dest.mkdir()
    with left_running("tar", "-xof", "-", "--no-same-permissions", "-C", dest) as tar:
        (dest / f".demo.joining.{turn_of(tar.pid)}.tar").write_text("")
        assert medium.run("join", dest).returncode == 0
        assert tar.wait(10) == -signal.SIGKILL
