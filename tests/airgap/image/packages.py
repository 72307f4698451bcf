"""Wheels and Debian packages of a few bytes, well-made or hostile."""

import base64
import csv
import hashlib
import io
import lzma
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from airgap.image.tar import LayerTar

MakeWheel = Callable[..., tuple[str, Path]]
"""`make_wheel` with its folder."""

MakeDeb = Callable[..., Path]
"""`make_deb` with its folder."""

WriteLayer = Callable[[Callable[[LayerTar], None]], tarfile.TarFile]
"""Lets a function write a layer, and opens what it wrote."""

Entry = tuple[tarfile.TarInfo, bytes]


def make_wheel(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    name: str = "thing",
    version: str = "1.0",
    entry_points: str = "",
    modes: Mapping[str, int] | None = None,
    extra: tuple[tuple[str, bytes], ...] = (),
    record: Mapping[str, str] | None = None,
    wheel_version: str = "1.0",
) -> tuple[str, Path]:
    """Make a wheel as a build backend would; what is passed on top makes it go wrong.

    Args:
        folder: Gets the wheel.
        files: Mapping[str, bytes] by path.
        modes: Unix modes by path, for those that are not 0644.
        extra: Entries that RECORD knows nothing of, in the zip's own order, even twice.
        record: Rows of RECORD to be other than true.

    Returns:
        The wheel's file name and file.
    """
    info = f"{name}-{version}.dist-info"
    contents = dict(files)
    contents[f"{info}/METADATA"] = f"Name: {name}\nVersion: {version}\n".encode()
    contents[f"{info}/WHEEL"] = f"Wheel-Version: {wheel_version}\n".encode()
    if entry_points:
        contents[f"{info}/entry_points.txt"] = entry_points.encode()
    rows = {path: _digest(data) for path, data in contents.items()} | dict(record or {})
    text = io.StringIO()
    csv.writer(text).writerows([(path, value, "") for path, value in rows.items()])
    text.write(f"{info}/RECORD,,\n")
    filename = f"{name}-{version}-py3-none-any.whl"
    file = folder / filename
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = [*contents.items(), *extra, (f"{info}/RECORD", text.getvalue().encode())]
        for path, data in entries:
            entry = zipfile.ZipInfo(path)
            mode = (modes or {}).get(path, 0o644)
            entry.external_attr = (mode if stat.S_IFMT(mode) else mode | stat.S_IFREG) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of two entries of one name
                archive.writestr(entry, data)
    return filename, file


def make_deb(folder: Path, name: str, *entries: Entry) -> Path:
    """Make a Debian package from entries of its data tar, as dpkg-deb would."""
    control = tarfile.TarInfo("./control")
    stanza = f"Package: {name}\nVersion: 1\nArchitecture: amd64\n".encode()
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": lzma.compress(_tar([(control, stanza)])),
        "data.tar.xz": lzma.compress(_tar(entries)),
    }
    file = folder / f"{name}.deb"
    with open(file, "wb") as out:
        out.write(b"!<arch>\n")
        for member, data in members.items():
            out.write(f"{member:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode())
            out.write(data + b"\n" * (len(data) % 2))
    return file


def contents(tar: tarfile.TarFile, path: str) -> bytes:
    """What a file in a layer holds."""
    file = tar.extractfile(path)
    assert file is not None
    return file.read()


def _digest(data: bytes) -> str:
    value = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={value}"


def _tar(entries: Iterable[Entry]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
