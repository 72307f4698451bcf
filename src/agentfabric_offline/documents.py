"""Knowledge files turned into passages of text, by upstream's reader."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentfabric_offline.errors import Problem, first_line

KINDS = (".txt", ".md", ".pdf", ".docx", ".pptx")
"""What upstream's reader knows; it passes over other files without a word."""
_TEXTS = (".txt", ".md")

Parse = Callable[[str], list[dict[str, Any]]]


def passages_of(file: Path, parse: Parse, scratch: Path) -> list[str]:
    """The passages of ``file`` that ``parse`` makes; none is blank.

    Args:
        file: A file of one of ``KINDS``.
        parse: Upstream's `parse_doc`: it takes a path, whose suffix alone should say how it is
            read, and gives a `page_content` for each passage.
        scratch: Where a folder can be made for a copy.

    Raises:
        Problem: If it cannot be read or has no text.
    """
    suffix = file.suffix.lower()
    if suffix not in KINDS:
        raise Problem("knowledge kind", file=file.name, kinds=", ".join(KINDS))
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        # Upstream looks for `.pdf` and others anywhere in the path, and guesses how a text is
        # encoded, which goes wrong with short Chinese ones.
        copy = Path(folder, "knowledge" + suffix)
        try:
            content = file.read_bytes()
            if suffix in _TEXTS:
                content = decoded(content, file.name).encode()
            copy.write_bytes(content)
            pages = parse(str(copy))
        except Problem:
            raise
        except FileNotFoundError as error:
            raise Problem("knowledge gone", file=file.name) from error
        except Exception as error:  # the reader raises whatever its parsers do
            why = first_line(error).rstrip(".")
            raise Problem("knowledge unread", file=file.name, why=why) from error
    passages = [page["page_content"].strip() for page in pages]
    passages = [passage for passage in passages if passage]
    if not passages:
        raise Problem("knowledge empty", file=file.name)
    return passages


def decoded(content: bytes, name: str) -> str:
    """The text in ``content``: UTF-8, UTF-16 with its mark, or GB18030, of which GBK is a part.

    Raises:
        Problem: If it is none of them; ``name`` is the file's.
    """
    encodings = ["utf-8-sig", "gb18030"]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Problem("knowledge encoding", file=name)
