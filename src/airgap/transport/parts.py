"""Parts: the files that a stream is cut into, so that they fit a medium.

A part is a header and a piece of the stream, its payload. The header, version 1, is lines of ASCII,
each ended by LF, with LFs after the last one up to a multiple of 4096 bytes::

    airgap-part 1
    bundle <name> sha256:<digest of the bundle>
    part <n> of <count>
    header <bytes of this header>
    stream <bytes of the stream>
    image <offset> <length>            (the image's section of the stream, where it has one)
    delta sha256:<of the inventory>    (of a delta only)
    <n> <bytes> <sha256>               (the payload of each part, in order)
    end <sha256 of all lines above>

So each part tells what all the others must be, and the headers of a transfer differ in two lines
only. All payloads but the last have the same size, a multiple of 4096. A part is called
``<bundle>-<12 digits of its digest>.<number>.part``, that of a delta
``<bundle>-<12 digits>-delta-<8 of its inventory's sha256>.<number>.part``.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import IO

from airgap.errors import AirgapError
from airgap.store import Blob
from airgap.transport.stream import Section

FIRST_LINE = "airgap-part 1"
ALIGNMENT = 4096
"""Bytes; the unit of headers and payloads, which is that of disks."""

_LARGEST_HEADER = 9_999_999
"""Bytes; what some hundred thousand parts need, and all that a receiver reads."""

_DIGITS = 20  # of any number in a header; more than are ever needed
_NUMBER = rf"(?:0|[1-9][0-9]{{0,{_DIGITS - 1}}})"
_COMMON = re.compile(
    r"bundle (?P<bundle>[A-Za-z0-9][A-Za-z0-9._-]*) sha256:(?P<digest>[0-9a-f]{64})\n"
    rf"part (?P<number>{_NUMBER}) of (?P<count>{_NUMBER})\n"
    rf"header (?P<header>{_NUMBER})\n"
    rf"stream (?P<stream>{_NUMBER})\n"
    rf"(?:image (?P<offset>{_NUMBER}) (?P<length>{_NUMBER})\n)?"
    r"(?:delta sha256:(?P<inventory>[0-9a-f]{64})\n)?"
)


@dataclass(frozen=True)
class Transfer:
    """What is sent: that which the headers of all its parts agree on.

    Attributes:
        bundle: The bundle's name.
        digest: Its digest, 64 hex digits.
        stream: Bytes of the stream.
        image: The image's section of the stream.
        inventory: Of a delta, the sha256 of the inventory that it was made for.
    """

    bundle: str
    digest: str
    stream: int
    image: Section | None = None
    inventory: str | None = None

    @property
    def prefix(self) -> str:
        """What the names of its files begin with."""
        delta = f"-delta-{self.inventory[:8]}" if self.inventory else ""
        return f"{self.bundle}-{self.digest[:12]}{delta}"


@dataclass(frozen=True)
class Cut:
    """How a stream is cut.

    Attributes:
        stream: Bytes of the stream.
        header: Bytes of a part's header.
        payload: Bytes of each payload but the last.
    """

    stream: int
    header: int
    payload: int

    @property
    def count(self) -> int:
        """How many parts there are."""
        return _parts(self.stream, self.payload)

    def start(self, number: int) -> int:
        """The offset in the stream of a part's payload; parts are numbered from 1."""
        return (number - 1) * self.payload

    def length(self, number: int) -> int:
        """Bytes of a part's payload."""
        return min(self.payload, self.stream - self.start(number))


@dataclass(frozen=True)
class Header:
    """The header of one part.

    Attributes:
        size: Bytes of the header itself.
        number: From 1.
        payloads: Those of all parts, in order.
    """

    transfer: Transfer
    size: int
    number: int
    payloads: tuple[Blob, ...]


def name(transfer: Transfer, number: int, count: int) -> str:
    """The file name of a part."""
    return f"{transfer.prefix}.{number:0{max(3, len(str(count)))}}.part"


def cut(transfer: Transfer, size: int) -> Cut:
    """Cut the stream into as few parts as go, each a file smaller than ``size`` bytes.

    Raises:
        AirgapError: Such parts cannot even hold their headers.
    """
    count = 1
    while True:
        header = _header_size(transfer, count)
        payload = (size - 1 - header) // ALIGNMENT * ALIGNMENT
        if payload <= 0 or header > _LARGEST_HEADER:
            raise AirgapError(
                "cutting into parts",
                transfer.bundle,
                expected=f"a size with room for what each of {count} parts tells of the others",
                found=f"{size} bytes for {transfer.stream} in all",
                remedy="choose a larger --size",
            )
        needed = _parts(transfer.stream, payload)
        if needed <= count:
            return Cut(transfer.stream, header, payload)
        count = needed


def render(header: Header) -> bytes:
    """The header's bytes."""
    return _text(header).ljust(header.size, b"\n")


def read_header(file: IO[bytes], origin: str) -> Header:
    """Read a part's header and leave the file at its payload; ``origin`` names it in errors.

    Raises:
        AirgapError: It is no part of this version, or its header is damaged.
    """
    data = file.read(ALIGNMENT)
    if data.split(b"\n", 1)[0] != FIRST_LINE.encode():
        raise _damaged(origin, f"the first line `{FIRST_LINE}`", repr(data[:60]))
    told = re.search(rb"^header ([0-9]{1,20})$", data, re.MULTILINE)
    size = int(told[1]) if told else 0
    if size % ALIGNMENT or not 0 < size <= _LARGEST_HEADER:
        raise _damaged(origin, f"a header of a multiple of {ALIGNMENT} bytes", f"{size} bytes")
    data += file.read(size - len(data))
    return _parse(data, size, origin)


def _text(header: Header) -> bytes:
    transfer, payloads = header.transfer, header.payloads
    lines = [
        FIRST_LINE,
        f"bundle {transfer.bundle} sha256:{transfer.digest}",
        f"part {header.number} of {len(payloads)}",
        f"header {header.size}",
        f"stream {transfer.stream}",
    ]
    if transfer.image:
        lines.append(f"image {transfer.image.offset} {transfer.image.length}")
    if transfer.inventory:
        lines.append(f"delta sha256:{transfer.inventory}")
    lines += [f"{n} {blob.size} {blob.sha256}" for n, blob in enumerate(payloads, start=1)]
    text = "".join(f"{line}\n" for line in lines).encode()
    return text + f"end {hashlib.sha256(text).hexdigest()}\n".encode()


def _parse(data: bytes, size: int, origin: str) -> Header:
    text, mark, rest = data.partition(b"\nend ")
    text += b"\n"
    end = f"{hashlib.sha256(text).hexdigest()}\n".encode()
    if not mark or rest != end.ljust(size - len(text) - len(b"end "), b"\n"):
        raise _damaged(origin, "a last line with the sha256 of those above", "another, or none")
    # From here on the header is as it was written, by whomever.
    first, _, lines = text.decode("ascii", "replace").partition("\n")
    common = _COMMON.match(lines)
    if first != FIRST_LINE or common is None:
        raise _damaged(origin, "the lines of a header", lines[:200])
    payloads = []
    # Not `splitlines`, which also splits where a receiver's program does not.
    for number, line in enumerate(lines[common.end() :].removesuffix("\n").split("\n"), start=1):
        found = re.fullmatch(rf"({_NUMBER}) ({_NUMBER}) ([0-9a-f]{{64}})", line)
        if found is None or int(found[1]) != number:
            raise _damaged(origin, f"`{number} <bytes> <sha256>`", line[:200])
        payloads.append(Blob(found[3], int(found[2])))
    image = Section(int(common["offset"]), int(common["length"])) if common["offset"] else None
    transfer = Transfer(
        common["bundle"], common["digest"], int(common["stream"]), image, common["inventory"]
    )
    header = Header(transfer, size, int(common["number"]), tuple(payloads))
    expected = Cut(transfer.stream, size, payloads[0].size if payloads else 0)
    if not (
        payloads
        and payloads[0].size
        and (len(payloads) == 1 or payloads[0].size % ALIGNMENT == 0)
        and int(common["header"]) == size
        and int(common["count"]) == len(payloads) == expected.count
        and 1 <= header.number <= len(payloads)
        and all(blob.size == expected.length(n) for n, blob in enumerate(payloads, start=1))
    ):
        raise _damaged(origin, "numbers and sizes that fit each other", lines[:200])
    return header


def _parts(stream: int, payload: int) -> int:
    return max(1, -(-stream // payload))


def _header_size(transfer: Transfer, count: int) -> int:
    """Enough for the header of each of ``count`` parts, whatever their sizes and hashes."""
    line = len(str(count)) + _DIGITS + 64 + len("  \n")
    other = Header(transfer, 10**_DIGITS - 1, count, ())
    longest = len(_text(other)) + len(str(count)) + count * line
    return -(-longest // ALIGNMENT) * ALIGNMENT


def _damaged(origin: str, expected: str, found: str) -> AirgapError:
    return AirgapError(
        "reading the header of the part",
        origin,
        expected=expected,
        found=found,
        remedy="take the part again from where it came from",
    )
