"""Wheels: damaged in any way, or made to do harm."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.image.wheel import WheelFile
from airgap.sbom.wheels import notes_of_wheel
from tests.airgap.fuzz.mutations import (
    any_or_damaged,
    damaged,
    little_memory,
    read_or_refused,
    tries,
)
from tests.airgap.image.packages import MakeWheel, make_wheel

FILES = {
    "thing.py": b"x = 1\n",
    "data/zeros": bytes(3000),
    "thing-1.0.data/scripts/run": b"#!python",
}
NAME = "thing-1.0-py3-none-any.whl"
POINTS = "[console_scripts]\nrun=a.b:main\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    _, file = make_wheel(tmp_path_factory.mktemp("wheel"), FILES, entry_points=POINTS)
    return file.read_bytes()


def contents(name: str, file: Path) -> dict[str, bytes]:
    """Of what an installer takes out of a wheel."""
    with WheelFile(name, file) as opened:
        opened.entry_points()
        return {member.path: opened.read(member) for member in opened.members}


def own(found: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in found.items() if ".dist-info/" not in path}


@tries(200)
@given(data=st.data())
def test_damage_changes_no_file_of_a_wheel(
    tmp_path_factory: pytest.TempPathFactory, wheel: bytes, data: st.DataObject
) -> None:
    file = tmp_path_factory.getbasetemp() / NAME
    file.write_bytes(data.draw(any_or_damaged(wheel)))
    # A wheel may say that a text has 64 MiB, which is held as bytes and as text.
    with little_memory(3 * 64):
        found = read_or_refused(lambda: contents(NAME, file))
        read_or_refused(lambda: notes_of_wheel(NAME, file))
    if found is not None:
        # What RECORD vouches for; a file less in the table of contents is a smaller wheel.
        assert own(found).items() <= FILES.items()


@tries(100)
@given(data=st.data(), part=st.sampled_from(["RECORD", "WHEEL", "METADATA", "entry_points.txt"]))
def test_metadata_of_any_kind_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, wheel: bytes, data: st.DataObject, part: str
) -> None:
    file = tmp_path_factory.getbasetemp() / NAME
    with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith(part):
                content = data.draw(damaged(content))
            new.writestr(info, content)
    read_or_refused(lambda: contents(NAME, file))
    read_or_refused(lambda: notes_of_wheel(NAME, file))


def patched(wheel: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """With other bytes in the entry of a file in the table of contents (APPNOTE.TXT 4.3.12)."""
    at = wheel.rindex(name) - 46 + offset
    return wheel[:at] + value + wheel[at + len(value) :]


def test_a_bomb_stops_where_it_becomes_larger_than_it_says(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    name, file = make_wheel({"bomb": bytes(100 << 20)})
    file.write_bytes(patched(file.read_bytes(), b"bomb", 24, struct.pack("<I", 1000)))
    with little_memory(), pytest.raises(AirgapError, match="more than 1000 bytes"):
        contents(name, file)


def test_a_bomb_that_says_so_is_never_held(make_wheel: MakeWheel) -> None:
    name, file = make_wheel({"bomb.py": bytes(100 << 20)})
    with little_memory(), pytest.raises(AirgapError, match=r"104857600 bytes in bomb\.py"):
        contents(name, file)
    with little_memory(), WheelFile(name, file) as opened:
        assert sum(len(chunk) for chunk in opened.chunks(opened.members[0])) == 100 << 20


@pytest.mark.parametrize("part", ["RECORD", "METADATA"])
def test_metadata_of_gigabytes_is_not_held(make_wheel: MakeWheel, part: str) -> None:
    name, file = make_wheel({"a": b""})
    size = struct.pack("<I", 4_000_000_000)
    file.write_bytes(patched(file.read_bytes(), f"thing-1.0.dist-info/{part}".encode(), 24, size))
    with little_memory(), pytest.raises(AirgapError, match="4000000000 bytes|METADATA"):
        contents(name, file)
        notes_of_wheel(name, file)


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("part", ["METADATA", "LICENSE"])
def test_notes_that_are_larger_than_they_say_are_not_held(
    tmp_path: Path, part: str, packed: int
) -> None:
    file = tmp_path / NAME
    path = f"thing-1.0.dist-info/{part}"
    with zipfile.ZipFile(file, "w") as new:
        new.writestr(path, bytes(80 << 20), packed)
    file.write_bytes(patched(file.read_bytes(), path.encode(), 24, struct.pack("<I", 1000)))
    with little_memory(), pytest.raises(AirgapError):
        notes_of_wheel(NAME, file)


def test_a_file_of_another_name_than_the_table_of_contents_says_is_refused(
    make_wheel: MakeWheel,
) -> None:
    name, file = make_wheel({"one.py": b"x"})
    file.write_bytes(file.read_bytes().replace(b"one.py", b"two.py", 1))
    with pytest.raises(AirgapError, match="a local header for b'two.py'"):
        contents(name, file)


def test_record_with_two_hashes_for_a_file_is_refused(make_wheel: MakeWheel) -> None:
    record = "a.py,sha256=AAAA,\na.py,sha256=BBBB,\nthing-1.0.dist-info/RECORD,,\n"
    name, file = make_wheel({"a.py": b""})
    with zipfile.ZipFile(file) as old:
        kept = {entry: old.read(entry) for entry in old.namelist() if "RECORD" not in entry}
    with zipfile.ZipFile(file, "w") as new:
        for entry, data in kept.items():
            new.writestr(entry, data)
        new.writestr("thing-1.0.dist-info/RECORD", record)
    with pytest.raises(AirgapError, match="two hashes in RECORD for 'a.py'"):
        contents(name, file)


def test_names_that_differ_in_case_or_form_alone_are_files_of_their_own(
    make_wheel: MakeWheel,
) -> None:
    files = {"A.py": b"1", "a.py": b"2", "\u00e9.py": b"3", "e\u0301.py": b"4"}
    assert own(contents(*make_wheel(files))) == files
