import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from airgap.errors import AirgapError
from airgap.image.wheel import EntryPoint, WheelFile
from tests.airgap.image.packages import MakeWheel


def test_members_are_read_as_record_has_them(make_wheel: MakeWheel) -> None:
    big = bytes(range(256)) * 20000
    with WheelFile(*make_wheel({"b.py": b"x = 1\n", "a/big": big})) as wheel:
        contents = {member.path: wheel.read(member) for member in wheel.members}
        assert (wheel.name, wheel.version) == ("thing", "1.0")
    assert list(contents)[:2] == ["a/big", "b.py"]
    assert contents["a/big"] == big
    assert "thing-1.0.dist-info/RECORD" not in contents


def test_stored_members_are_read_too(make_wheel: MakeWheel) -> None:
    filename, file = make_wheel({"a.py": b"x"})
    with zipfile.ZipFile(file) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as new:
        for name, data in contents.items():
            new.writestr(name, data)
    with WheelFile(filename, file) as wheel:
        assert wheel.read(wheel.members[0]) == b"x"


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        ({"extra": (("unlisted.py", b""),)}, "no sha256 in RECORD for 'unlisted.py'"),
        ({"record": {"a.py": "md5=xxxx"}}, "no sha256 in RECORD for 'a.py'"),
        ({"extra": (("/etc/passwd", b""),)}, "an absolute path"),
        ({"extra": (("../up", b""),)}, "`..` part"),
        ({"extra": (("a.py", b"other"),)}, "two files of one name"),
        ({"extra": (("n" * 300, b""),)}, "too long"),
        ({"modes": {"a.py": stat.S_IFLNK | 0o777}}, "a link or device"),
        ({"modes": {"a.py": stat.S_IFCHR | 0o666}}, "a link or device"),
        ({"wheel_version": "2.0"}, "Wheel-Version 2.0"),
    ],
)
def test_hostile_wheels_are_refused_before_anything_is_read(
    make_wheel: MakeWheel, wheel: dict[str, Any], message: str
) -> None:
    filename, file = make_wheel({"a.py": b"x"}, **wheel)
    with pytest.raises(AirgapError) as error:
        WheelFile(filename, file)
    assert message in str(error.value)
    assert filename in str(error.value)


def test_contents_other_than_record_are_refused(make_wheel: MakeWheel) -> None:
    wheel = make_wheel({"a.py": b"x"}, record={"a.py": "sha256=AAAA"})
    wrong = pytest.raises(AirgapError, match=r"expected: *AAAA, from RECORD")
    with WheelFile(*wheel) as opened, wrong:
        opened.read(opened.members[0])


@pytest.mark.parametrize("where", [0.1, 0.5])
def test_a_damaged_wheel_is_refused(make_wheel: MakeWheel, where: float) -> None:
    filename, file = make_wheel({"a.py": bytes(range(256)) * 400})
    data = bytearray(file.read_bytes())
    data[int(len(data) * where)] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(AirgapError, match=filename), WheelFile(filename, file) as wheel:
        for member in wheel.members:
            wheel.read(member)


def test_no_wheel_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"<html>404</html>")
    with pytest.raises(AirgapError, match="not a zip file"):
        WheelFile("a-1-py3-none-any.whl", tmp_path / "x")


def test_a_wheel_of_another_name_is_refused(make_wheel: MakeWheel) -> None:
    _, file = make_wheel({"a.py": b""})
    with pytest.raises(AirgapError, match=r"one folder other-1\.0\.dist-info"):
        WheelFile("other-1.0-py3-none-any.whl", file)


def test_entry_points_of_both_kinds_are_found(make_wheel: MakeWheel) -> None:
    text = (
        "[console_scripts]\nRun=a.b:main\nx = a : C.go [extra]\n"
        "[gui_scripts]\ng=a:g\n[other]\ny=z\n"
    )
    with WheelFile(*make_wheel({"a.py": b""}, entry_points=text)) as wheel:
        assert wheel.entry_points() == [
            EntryPoint("Run", "a.b", "main"),
            EntryPoint("x", "a", "C.go"),
            EntryPoint("g", "a", "g"),
        ]


@pytest.mark.parametrize("line", ["x = a", "../x = a:b", "x = a:b; import os", "no ini"])
def test_entry_points_without_a_target_are_refused(make_wheel: MakeWheel, line: str) -> None:
    text = f"[console_scripts]\n{line}\n"
    wheel = make_wheel({"a.py": b""}, entry_points=text)
    with WheelFile(*wheel) as opened, pytest.raises(AirgapError, match=r"entry.point"):
        opened.entry_points()
