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

    def pieces(self) -> Iterator[bytes | Member]:
        """What the stream is made of, in order: its own bytes, and members for their content."""
        for member in self.members:
            if self.image and member.start == self.image.offset:
                yield _END
            yield header(member.path, member.entry)
            if member.size:
                yield member
            if padding := -member.size % _BLOCK:
                yield bytes(padding)
        yield _END


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
