"""The stream: the one sequence of bytes that is cut into parts.

It is two tar archives, one after the other, each with its own end (two blocks of zeros):

1. all but ``image/``, by paths relative to the bundle: first the manifest and its signature, then
   the rest sorted by path as bytes;
2. ``image/``, by paths relative to it, so that this section alone can be sent into ``docker load``.
   It is absent where nothing of it is sent.

They are in the format of GNU tar (``tar.h``; long names as ``@LongLink`` members, sizes from 8 GiB
on in base 256), owner 0:0 without names, one modification time, mode 0644 or 0755 for files and
0777 for symbolic links; no folders. So each offset follows from names and sizes alone, before a
byte is read, and the same bundle gives the same stream on every machine.
"""

import tarfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from airgap.store import BLOB_MTIME
from airgap.transport import manifest
from airgap.transport.contents import SIGNATURE
from airgap.tree import Entry, Tree

IMAGE = "image/"

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_FIRST = (manifest.NAME, SIGNATURE)


@dataclass(frozen=True, slots=True)
class Member:
    """One file or symbolic link of the stream.

    Attributes:
        path: Where it is in the bundle.
        start: The offset of its first header in the stream.
        data: The offset of its content; that of its end for a link.
    """

    path: str
    entry: Entry
    start: int
    data: int

    @property
    def size(self) -> int:
        """Bytes of content: none in a link."""
        return 0 if self.entry.link is not None else self.entry.blob.size

    @property
    def end(self) -> int:
        """The offset at which its content ends."""
        return self.data + self.size


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of a member's content: ``length`` bytes from ``offset`` of its file."""

    member: Member
    offset: int
    length: int


@dataclass(frozen=True)
class Section:
    """A piece of the stream, in bytes."""

    offset: int
    length: int


@dataclass(frozen=True)
class Stream:
    """The layout of a stream.

    Attributes:
        members: In their order.
        image: Where the second archive is, if there is one.
        size: In bytes.
    """

    members: tuple[Member, ...]
    image: Section | None
    size: int

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes | Content]:
        """What the stream is made of between two offsets: its own bytes, and pieces of files."""
        stop = self.size if stop is None else stop
        first = bisect_right(self.members, start, key=lambda member: member.start) - 1
        for index in range(max(first, 0), len(self.members)):
            member = self.members[index]
            if member.start >= stop:
                return
            last = index + 1 == len(self.members)
            end = self.size if last else self.members[index + 1].start
            offset = member.start
            for piece in (
                header(member.path, member.entry),
                Content(member, 0, member.size),
                # Up to a full block, and those that end an archive.
                bytes(end - member.end),
            ):
                length = piece.length if isinstance(piece, Content) else len(piece)
                low, high = max(start - offset, 0), min(stop - offset, length)
                offset += length
                if low >= high:
                    continue
                if isinstance(piece, Content):
                    yield Content(member, low, high - low)
                else:
                    yield piece[low:high]


def lay_out(tree: Tree) -> Stream:
    """The stream of these files of a bundle, whole or chosen, by their paths in the bundle."""
    image = sorted((path for path in tree if path.startswith(IMAGE)), key=str.encode)
    first = [path for path in _FIRST if path in tree]
    rest = sorted((tree.keys() - set(image) - set(first)), key=str.encode)
    members: list[Member] = []
    offset = _place(members, tree, [*first, *rest], 0)
    section = None
    if image:
        end = _place(members, tree, image, offset)
        section = Section(offset, end - offset)
        offset = end
    return Stream(tuple(members), section, offset)


def header(path: str, entry: Entry) -> bytes:
    """What stands before a member's content in the stream; a multiple of 512 bytes."""
    info = tarfile.TarInfo(path.removeprefix(IMAGE))
    info.mtime = BLOB_MTIME
    if entry.link is not None:
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, entry.link
    else:
        info.mode, info.size = 0o755 if entry.executable else 0o644, entry.blob.size
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _place(members: list[Member], tree: Tree, paths: list[str], offset: int) -> int:
    """Append the members of one archive that begins at ``offset``; return where it ends."""
    for path in paths:
        entry = tree[path]
        data = offset + len(header(path, entry))
        member = Member(path, entry, offset, data)
        members.append(member)
        offset = data + member.size + -member.size % _BLOCK
    return offset + len(_END)
