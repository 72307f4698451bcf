import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.image.bytecode import Compiler
from airgap.image.deb_layer import write_deb_layer
from tests.airgap.image.packages import Entry, MakeDeb, WriteLayer, contents

Unpack = Callable[[Mapping[str, Path]], tarfile.TarFile]

PEM = b"-----BEGIN CERTIFICATE-----\n%d\n-----END CERTIFICATE-----"


def file(path: str, data: bytes = b"", mode: int = 0o644) -> Entry:
    info = tarfile.TarInfo(f"./{path}")
    info.mode = mode
    info.uid, info.mtime = 42, 1234567890
    return info, data


def special(path: str, kind: bytes, target: str = "") -> Entry:
    info, data = file(path)
    info.type, info.linkname = kind, target
    info.mode = 0o755
    return info, data


@pytest.fixture
def unpack(layer: WriteLayer, compiler: Compiler) -> Unpack:
    return lambda debs: layer(lambda tar: write_deb_layer(tar, debs, compiler))


def test_usr_is_merged(unpack: Unpack, make_deb: MakeDeb) -> None:
    deb = make_deb(
        "a",
        special("lib/", tarfile.DIRTYPE),
        special("lib/x86/", tarfile.DIRTYPE),
        file("lib/x86/libc.so.6", b"elf", 0o755),
        special("lib/x86/libc.so", tarfile.SYMTYPE, "libc.so.6"),
        special("lib/twin", tarfile.LNKTYPE, "./lib/x86/libc.so.6"),
    )
    with unpack({"a": deb}) as tar:
        assert {link: tar.getmember(link).linkname for link in ("bin", "lib", "lib64", "sbin")} == {
            "bin": "usr/bin",
            "lib": "usr/lib",
            "lib64": "usr/lib64",
            "sbin": "usr/sbin",
        }
        assert contents(tar, "usr/lib/x86/libc.so.6") == b"elf"
        assert tar.getmember("usr/lib/x86/libc.so").linkname == "libc.so.6"
        assert tar.getmember("usr/lib/twin").linkname == "usr/lib/x86/libc.so.6"
        assert {entry.uid for entry in tar} == {0}
        assert {entry.mtime for entry in tar} == {1}


def test_documentation_is_left_out_but_copyright_stays(unpack: Unpack, make_deb: MakeDeb) -> None:
    deb = make_deb(
        "a",
        special("usr/share/doc/a/", tarfile.DIRTYPE),
        file("usr/share/doc/a/copyright", b"GPL"),
        file("usr/share/doc/a/changelog.gz"),
        special("usr/share/doc/liba", tarfile.SYMTYPE, "a"),
        file("usr/share/man/man1/a.1.gz"),
        file("usr/share/locale/de/a.mo"),
    )
    with unpack({"a": deb}) as tar:
        share = [name for name in tar.getnames() if name.startswith("usr/share/")]
    assert share == [
        "usr/share/doc",
        "usr/share/doc/a",
        "usr/share/doc/a/copyright",
        "usr/share/doc/liba",
    ]


def test_what_maintainer_scripts_would_do_is_done(unpack: Unpack, make_deb: MakeDeb) -> None:
    debs = {
        "ca-certificates": make_deb(
            "ca-certificates",
            file("usr/share/ca-certificates/mozilla/B.crt", PEM % 2),
            file("usr/share/ca-certificates/mozilla/A.crt", PEM % 1 + b"\n"),
        ),
        "mawk": make_deb("mawk", file("usr/bin/mawk", b"", 0o755)),
        "python3.11": make_deb(
            "python3.11",
            file("usr/bin/python3.11", b"", 0o755),
            file("usr/lib/python3.11/os.py", b"import sys\n"),
        ),
    }
    with unpack(debs) as tar:
        names = tar.getnames()
        bundle = contents(tar, "etc/ssl/certs/ca-certificates.crt")
        assert bundle == PEM % 1 + b"\n" + PEM % 2 + b"\n"
        assert tar.getmember("usr/bin/awk").linkname == "mawk"
        assert "usr/bin/which" not in names
        assert tar.getmember("usr/bin/python3").linkname == "python3.11"
        assert "usr/lib/python3.11/__pycache__/os.cpython-311.pyc" in names
        assert b"app:x:1000:1000:" in contents(tar, "etc/passwd")
        status = contents(tar, "var/lib/dpkg/status.d/mawk")
        assert status.startswith(b"Package: mawk\nVersion: 1\n")
        assert tar.getmember("tmp").mode == 0o1777


def test_nothing_in_the_base_is_set_uid(unpack: Unpack, make_deb: MakeDeb) -> None:
    with unpack({"a": make_deb("a", file("usr/bin/su", b"", 0o6755))}) as tar:
        assert tar.getmember("usr/bin/su").mode == 0o755


def test_two_packages_with_one_file_are_refused(unpack: Unpack, make_deb: MakeDeb) -> None:
    one, two = (make_deb(name, file("usr/bin/x", name.encode())) for name in ("one", "two"))
    with pytest.raises(AirgapError, match="a second entry of that name"):
        unpack({"one": one, "two": two})


@pytest.mark.parametrize(
    "entry",
    [
        file("../../etc/shadow"),
        file("usr/../../x"),
        special("dev/sda", tarfile.BLKTYPE),
        special("run/pipe", tarfile.FIFOTYPE),
        special("usr/x", tarfile.LNKTYPE, "../../etc/shadow"),
        special("usr/x", tarfile.LNKTYPE, "/etc/shadow"),
        special("usr/x", tarfile.LNKTYPE, "etc/shadow"),
    ],
)
def test_hostile_packages_are_refused(unpack: Unpack, make_deb: MakeDeb, entry: Entry) -> None:
    with pytest.raises(AirgapError):
        unpack({"a": make_deb("a", entry)})


@pytest.mark.parametrize("keep", [0, 4, 100, 300])
def test_damaged_packages_are_refused(unpack: Unpack, make_deb: MakeDeb, keep: int) -> None:
    deb = make_deb("a", file("usr/bin/x", bytes(range(256)) * 64))
    deb.write_bytes(deb.read_bytes()[:keep])
    with pytest.raises(AirgapError, match="reading the Debian package `a.deb` failed"):
        unpack({"a": deb})


def test_a_file_that_is_cut_off_is_told_where_it_is_read(
    unpack: Unpack, make_deb: MakeDeb, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 64
    info, _ = file("usr/share/doc/x/copyright")
    info.size = len(content)
    data = info.tobuf() + content[:1000]
    deb = tmp_path / "a.deb"
    size = f"{len(data):<10}".encode()
    deb.write_bytes(b"!<arch>\n" + b"data.tar".ljust(48) + size + b"`\n" + data)
    with pytest.raises(AirgapError, match="reading the Debian package `a.deb` failed"):
        unpack({"a": deb})
