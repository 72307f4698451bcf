"""What a receiver makes of a folder of parts, by the format alone: the other side of `split`."""

import hashlib
import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from airgap.errors import AirgapError
from airgap.transport.parts import Header, Transfer, read_header


@dataclass
class Received:
    """What is in a folder.

    Attributes:
        payloads: Whole ones, by number.
        damaged: Numbers of those whose header is right and whose payload is not.
        strange: Names of files without a header that can be read, or of another transfer.
    """

    header: Header | None = None
    payloads: dict[int, bytes] = field(default_factory=dict)
    damaged: set[int] = field(default_factory=set)
    strange: set[str] = field(default_factory=set)

    @property
    def missing(self) -> set[int]:
        assert self.header is not None
        there = self.payloads.keys() | self.damaged
        return set(range(1, len(self.header.payloads) + 1)) - there

    def files(self) -> dict[str, bytes]:
        """Every file of the stream by its path in the bundle; a link as ``-> target``."""
        assert self.header is not None and not self.missing | self.damaged
        stream = b"".join(self.payloads[number] for number in sorted(self.payloads))
        image = self.header.transfer.image
        end = image.offset if image else len(stream)
        found = {}
        for prefix, archive in (("", stream[:end]), ("image/", stream[end:])):
            if not archive:
                continue
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
                for info in tar:
                    file = tar.extractfile(info) if info.isfile() else None
                    data = file.read() if file else f"-> {info.linkname}".encode()
                    found[prefix + info.name] = data
        return found


def receive(folder: Path, transfer: Transfer | None = None) -> Received:
    """Look at every part in the folder, by what is in it and not by its name."""
    received = Received()
    for path in sorted(folder.glob("*.part")):
        with open(path, "rb") as file:
            try:
                header = read_header(file, path.name)
            except AirgapError:
                received.strange.add(path.name)
                continue
            payload = file.read()
        if transfer not in (None, header.transfer):
            received.strange.add(path.name)
            continue
        received.header = header
        blob = header.payloads[header.number - 1]
        if (hashlib.sha256(payload).hexdigest(), len(payload)) == (blob.sha256, blob.size):
            received.payloads[header.number] = payload
        else:
            received.damaged.add(header.number)
    received.damaged -= received.payloads.keys()
    return received
