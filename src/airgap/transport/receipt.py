"""Reads the receipt of a receiver, and says which parts to send again: the command ``receipt``.

A receipt, version 1, is made to be photographed or copied by hand::

    airgap-receipt 1
    <bundle> <12 digits of its digest>[ delta <8 digits of the inventory's sha256>]
    parts <count>
    missing <numbers and ranges such as `3 7-9`, or `none`>
    damaged <the same>
    check <first 8 digits of the sha256 of the lines above>

Case, blanks and ends of lines are not kept by those who copy it, and do not matter.
"""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from airgap.errors import AirgapError
from airgap.store import Blob
from airgap.transport import parts
from airgap.transport.parts import Header, Transfer

_AGAIN = "read the receipt again from the screen of the receiver, and correct the text"
_SHAPE = re.compile(
    r"airgap-receipt 1 (?P<bundle>\S+) (?P<digest>[0-9a-f]{12})( delta (?P<delta>[0-9a-f]{8}))?"
    r" parts (?P<count>[0-9]{1,6}) missing (?P<missing>none|[0-9 -]+?)"
    r" damaged (?P<damaged>none|[0-9 -]+?) check (?P<check>[0-9a-f]{8})"
)


@dataclass(frozen=True)
class Receipt:
    """What a receiver told.

    Attributes:
        transfer: The second line, in lower case.
        count: Of the parts that there must be.
        missing: Numbers of parts that have not arrived.
        damaged: Numbers of parts that have arrived as something else.
    """

    transfer: str
    count: int
    missing: tuple[int, ...]
    damaged: tuple[int, ...]


def read_text(file: str) -> str:
    """What a person put into a file, or, where it is ``-``, into the standard input.

    Raises:
        AirgapError: There is no such file, or it is no text.
    """
    try:
        # Editors of Windows put a mark at the beginning.
        if file == "-":
            return sys.stdin.read().removeprefix("\ufeff")
        return Path(file).read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
        raise AirgapError(
            "reading the receipt",
            file,
            expected="a text file",
            found=str(error),
            remedy="name the file, or - and paste the text, then Ctrl-D",
        ) from error


def read_receipt(text: str, transfer: Transfer) -> Receipt:
    """Read a receipt for this transfer.

    Raises:
        AirgapError: It is no receipt, it was not copied as it is, or it is for another transfer.
    """
    match = _SHAPE.fullmatch(" ".join(text.lower().split()))
    if match is None:
        raise _wrong("six lines, from `airgap-receipt 1` to `check …`", text.strip()[:200], _AGAIN)
    told = " ".join(filter(None, [match["bundle"], match["digest"], (match[3] or "").strip()]))
    own = f"{transfer.bundle} {transfer.digest[:12]}"
    if transfer.inventory:
        own += f" delta {transfer.inventory[:8]}"
    if told != own.lower():
        raise _wrong(f"one for {own}", told, "name the folder of that transfer")
    text = (
        f"airgap-receipt 1\n{own}\nparts {match['count']}\n"
        f"missing {match['missing']}\ndamaged {match['damaged']}\n"
    )
    check = hashlib.sha256(text.encode()).hexdigest()[:8]
    if check != match["check"]:
        raise _wrong(f"check {check} for what is above it", f"check {match['check']}", _AGAIN)
    count = int(match["count"])
    return Receipt(
        told, count, _numbers(match["missing"], count), _numbers(match["damaged"], count)
    )


def parts_to_send(receipt_text: str, folder: Path) -> tuple[Path, ...]:
    """The parts in ``folder`` that the receiver lacks, each read again and found whole.

    Raises:
        AirgapError: See `read_receipt`; or such a part is not in the folder, or is damaged there.
    """
    headers = _headers(folder)
    _, header = next(iter(headers.values()))
    count = len(header.payloads)
    receipt = read_receipt(receipt_text, header.transfer)
    if receipt.count != count:
        raise _wrong(f"{count} parts", f"{receipt.count} parts", "name the folder of that transfer")
    paths = []
    for number in sorted({*receipt.missing, *receipt.damaged}):
        path, header = headers.get(
            number, (folder / parts.name(header.transfer, number, count), header)
        )
        found = _payload(path, header.size) if number in headers else None
        if found != header.payloads[number - 1]:
            raise AirgapError(
                "looking for the part to send again",
                str(path),
                expected=str(header.payloads[number - 1]),
                found=str(found or "none"),
                remedy="run the same split command again, with this folder; it makes what is"
                " missing or damaged",
            )
        paths.append(path)
    return tuple(paths)


def _headers(folder: Path) -> dict[int, tuple[Path, Header]]:
    """The parts in a folder, by number; those whose header is damaged are as good as missing."""
    found: dict[int, tuple[Path, Header]] = {}
    transfers = set()
    for path in sorted(folder.glob("*.part")):
        try:
            with open(path, "rb") as file:
                header = parts.read_header(file, path.name)
        except AirgapError:
            continue
        found[header.number] = path, header
        transfers.add(header.transfer)
    if len(transfers) != 1:
        raise AirgapError(
            "looking for parts in",
            str(folder),
            expected="the parts of one transfer",
            found="none" if not transfers else f"{len(transfers)} transfers",
            remedy="name the folder that `split` or `delta` wrote",
        )
    return found


def _payload(path: Path, header: int) -> Blob:
    with open(path, "rb") as file:
        file.seek(header)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(digest, file.tell() - header)


def _numbers(text: str, count: int) -> tuple[int, ...]:
    if text == "none":
        return ()
    numbers: list[int] = []
    for word in text.split():
        match = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", word)
        if match is None:
            raise _wrong("numbers and ranges such as `3 7-9`", text, _AGAIN)
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise _wrong(f"numbers from 1 to {count}", word, _AGAIN)
        numbers += range(first, last + 1)
    return tuple(numbers)


def _wrong(expected: str, found: str, remedy: str) -> AirgapError:
    return AirgapError("reading", "the receipt", expected=expected, found=found, remedy=remedy)
