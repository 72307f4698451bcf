"""Debian packages and tars of sources: damaged in any way, or made to do harm."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airgap.errors import AirgapError
from airgap.fetch.source_copy import open_copy
from airgap.image.bytecode import Compiler
from airgap.image.deb import control, members
from airgap.image.deb_layer import write_deb_layer
from airgap.image.tar import LayerTar
from airgap.locks.debian import Package
from airgap.sbom.debian import license_of_package, notes_of_packages
from airgap.store import Blob
from tests.airgap.fuzz.mutations import (
    any_or_damaged,
    damaged,
    damaged_text,
    little_memory,
    read_or_refused,
    tries,
)
from tests.airgap.image.packages import make_deb

PACKAGE = Package("thing", "1", "all", "pool/main/t/thing_1_all.deb", Blob("0" * 64, 1))
COPYRIGHT = "Format: https://x/1.0/\n\nFiles: *\nLicense: GPL-2+\n\nLicense: GPL-2+\n text\n"


def entry(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def archive(*entries: tarfile.TarInfo | bytes) -> bytes:
    """A tar of headers as they are given, each with its own bytes or none."""
    blocks = [
        one if isinstance(one, bytes) else one.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
        for one in entries
    ]
    return b"".join(block + bytes(-len(block) % 512) for block in blocks) + bytes(1024)


def deb(data: bytes, name: str = "data.tar.xz", size: str = "") -> bytes:
    """A package whose files are in this tar."""
    control = archive(entry("./control", size=14), b"Package: thing")
    out = b"!<arch>\n"
    for member, content in [("control.tar.xz", lzma.compress(control)), (name, data)]:
        length = size if size and member == name else str(len(content))
        out += f"{member:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{length:<10}`\n".encode()
        out += content + b"\n" * (len(content) % 2)
    return out


DATA = archive(
    entry("usr/share/doc/thing/copyright", size=len(COPYRIGHT)),
    COPYRIGHT.encode(),
    entry("usr/bin/x", size=3, mode=0o4755),
    b"abc",
    entry("n" * 200, size=0),
    entry("usr/link", type=tarfile.SYMTYPE, linkname="bin/x"),
)
SOURCE = archive(
    entry("lib/a", size=3000),
    bytes(3000),
    entry("lib/b", type=tarfile.LNKTYPE, linkname="lib/a"),
)
SOURCES = {
    "": DATA.replace(b"usr/", b"lib/"),
    # By itself gzip notes what time it is.
    "gz": gzip.compress(SOURCE, mtime=0),
    "bz2": bz2.compress(SOURCE),
    "xz": lzma.compress(SOURCE),
}


def unpacked(file: Path) -> list[str]:
    found = [(member.path, member.file and len(member.file.read())) for member in members(file)]
    control(file)
    notes_of_packages({PACKAGE: file})
    return [path for path, _ in found]


@tries(200)
@given(data=st.data(), packed=st.booleans())
def test_a_damaged_package_is_refused_or_stays_below_its_root(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, packed: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "thing.deb"
    if packed:
        content = data.draw(any_or_damaged(deb(lzma.compress(DATA))))
    else:
        content = deb(data.draw(damaged(DATA)), "data.tar")
    file.write_bytes(content)
    with little_memory():
        found = read_or_refused(lambda: unpacked(file))
    for path in found or ():
        assert not set(path.split("/")) & {"", ".", ".."}


@tries(200)
@given(data=st.data(), packed=st.sampled_from(sorted(SOURCES)))
def test_a_damaged_tar_of_a_source_is_refused_or_stays_below_its_root(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, packed: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "source.tar"
    file.write_bytes(data.draw(any_or_damaged(SOURCES[packed]) if packed else damaged(SOURCES[""])))

    def read() -> list[str]:
        with open_copy(file, ["lib"]) as found:
            for one in found.values():
                with one.open().file as content:
                    content.read(1 << 20)
            return list(found)

    for path in read_or_refused(read) or ():
        assert not set(path.split("/")) & {"", ".", ".."}


def pax(fields: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry("pax", type=tarfile.XHDTYPE, size=len(fields)), fields.encode()


HOSTILE = {
    "an entry of an exabyte": archive(entry("lib/x", size=1 << 60)),
    "an exabyte of what is no file": archive(entry("lib/x", type=b"Z", size=1 << 60)),
    "an exabyte by another header": archive(
        *pax("28 size=1152921504606846976\n"), entry("lib/x", size=0)
    ),
    "less than nothing": archive(*pax("13 size=-512\n"), entry("lib/x", size=0)),
    "a file with holes": archive(*pax("28 GNU.sparse.size=99999999\n"), entry("lib/x", size=0)),
    "holes in the old form": archive(entry("lib/x", type=tarfile.GNUTYPE_SPARSE, size=0)),
    "a name of gigabytes": archive(entry("x", type=tarfile.GNUTYPE_LONGNAME, size=1 << 32)),
    "names of names": archive(
        *[part for _ in range(2000) for part in (entry("x", type=b"L", size=2), b"x\0")]
    ),
    "a count that is no number": archive(
        *pax("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"), entry("lib/x", size=512), bytes(512)
    ),
}


@pytest.mark.parametrize("tar", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_package_and_no_source_has_is_refused_at_once(tar: bytes, tmp_path: Path) -> None:
    file = tmp_path / "thing.deb"
    for data, name in [(tar, "data.tar"), (lzma.compress(tar), "data.tar.xz")]:
        file.write_bytes(deb(data, name))
        with little_memory(), pytest.raises(AirgapError):
            unpacked(file)
    for data in (tar, lzma.compress(tar)):
        file.write_bytes(data)
        with little_memory(), pytest.raises(AirgapError), open_copy(file, ["lib"]) as found:
            list(found)


@pytest.mark.parametrize("size", ["-60", "-1", "1_0", "+5", "x", "", "9999999999"])
def test_a_package_whose_parts_have_no_size_is_refused_at_once(tmp_path: Path, size: str) -> None:
    file = tmp_path / "thing.deb"
    file.write_bytes(deb(b"x", "other", size or " "))
    with pytest.raises(AirgapError):
        unpacked(file)


def big(kind: str) -> bytes:
    """A package with 70 MB of zeros in a file, packed to some KB."""
    if kind == "control":
        info = entry("control", size=70 << 20)
        return deb(lzma.compress(archive(info, bytes(70 << 20)), preset=0), "control.tar.xz")
    info = entry(kind, size=70 << 20)
    return deb(lzma.compress(archive(info, bytes(70 << 20)), preset=0))


def test_a_bomb_is_never_held(tmp_path: Path, compiler: Compiler) -> None:
    class Counted:
        size = 0

        def write(self, data: bytes, /) -> int:
            self.size += len(data)
            return len(data)

    out, file = Counted(), tmp_path / "thing.deb"
    file.write_bytes(big("usr/lib/x"))
    with little_memory():
        write_deb_layer(LayerTar(out), {"thing": file}, compiler)
    assert out.size > 70 << 20
    for path in ("usr/lib/python3.11/x.py", "usr/share/ca-certificates/x.crt"):
        file.write_bytes(big(path))
        with little_memory(64), pytest.raises(AirgapError, match="at most"):
            write_deb_layer(LayerTar(out), {"thing": file}, compiler)
    file.write_bytes(big("usr/share/doc/thing/copyright"))
    with little_memory(), pytest.raises(AirgapError, match="at most"):
        notes_of_packages({PACKAGE: file})
    whole = deb(b"")
    file.write_bytes(whole[:8] + big("control")[whole.index(b"data.tar") :])
    with little_memory(), pytest.raises(AirgapError, match="at most"):
        control(file)


@pytest.mark.parametrize(
    "entries",
    [
        [entry("usr/x", type=tarfile.SYMTYPE, linkname="/etc"), entry("usr/x/passwd")],
        [entry("usr/x/passwd"), entry("usr/x", type=tarfile.SYMTYPE, linkname="/etc")],
        [entry("usr/x"), entry("usr/x")],
        [entry("usr/" + "n" * 300)],
    ],
    ids=["through a link", "a link over a folder", "twice", "a huge name"],
)
def test_entries_that_get_in_the_way_of_each_other_are_refused(
    tmp_path: Path, compiler: Compiler, entries: list[tarfile.TarInfo]
) -> None:
    file = make_deb(tmp_path, "thing", *((info, b"") for info in entries))
    with pytest.raises(AirgapError):
        write_deb_layer(LayerTar(io.BytesIO()), {"thing": file}, compiler)


@tries(200)
@given(damaged_text(COPYRIGHT))
def test_a_copyright_file_of_any_kind_is_read(text: str) -> None:
    license_of_package(PACKAGE, text)
