"""Streams of tar as somebody with bad intentions might write them."""

import hashlib
import tarfile
from pathlib import Path

from airgap.transport.parts import Transfer as Sent
from airgap.transport.stream import Section
from tests.host.transfer import write_parts

END = bytes(1024)


def member(name: str, data: bytes = b"", **fields: object) -> bytes:
    """One entry with its content; fields are those of ``TarInfo``."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


def header_of(name: str, size: int) -> bytes:
    """What stands before the content of a file."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def link(name: str, target: str) -> bytes:
    return member(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def manifest_of(files: dict[str, bytes]) -> bytes:
    lines = [
        f"{hashlib.sha256(data).hexdigest()} {len(data)} {path}\n" for path, data in files.items()
    ]
    return ("airgap-manifest 1\n" + "".join(lines)).encode()


def send(manifest: bytes, entries: bytes, out: Path, image: bytes = b"") -> None:
    """Writes parts whose headers are right, whatever is in them."""
    rest = member("MANIFEST", manifest) + entries
    section = Section(len(rest), len(image)) if image else None
    sent = Sent("demo", hashlib.sha256(manifest).hexdigest(), len(rest + image), section)
    write_parts(rest + image, sent, out, 8300)
