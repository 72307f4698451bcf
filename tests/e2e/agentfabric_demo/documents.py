"""Documents that an author uploads as knowledge, one of each kind, with a fact in each."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.e2e.bundle import Bundle


@dataclass(frozen=True)
class Fact:
    """What stands in a document.

    Attributes:
        file: The document's name.
        text: What it says, a line each.
        question: What can be asked, and
        answer: what must then be in the answer: not even a large model could guess it.
    """

    file: str
    text: tuple[str, ...]
    question: str
    answer: str


FACTS = (
    Fact(
        "boat-house.txt",
        ("The door code of the boat house is 7294.",),
        "What is the door code of the boat house?",
        "7294",
    ),
    Fact(
        "ferry.md",
        ("# Ferry", "The last ferry leaves Larkmoor at 21:40."),
        "When does the last ferry leave Larkmoor?",
        "21:40",
    ),
    Fact(
        "lighthouse.pdf",
        ("The lighthouse of Larkmoor was built in 1847 by Ingrid Solberg.",),
        "Who built the lighthouse of Larkmoor?",
        "Ingrid Solberg",
    ),
    Fact(
        "lost-property.docx",
        ("The phone number of the lost property office is 5518.",),
        "What is the phone number of the lost property office?",
        "5518",
    ),
    Fact(
        "parking.pptx",
        ("Parking at the harbour costs 3.70 pounds a day.",),
        "How much does parking at the harbour cost?",
        "3.70",
    ),
)

_DOCX = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="word/document.xml" Type="http://schemas.'
        'openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
    ),
    "word/document.xml": (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body>%s</w:body></w:document>"
    ),
}
_PPTX = """
import sys
from pptx import Presentation
deck = Presentation()
slide = deck.slides.add_slide(deck.slide_layouts[1])
slide.shapes.title.text = sys.argv[1]
slide.placeholders[1].text = sys.argv[2]
deck.save(sys.stdout.buffer)
"""


def write(folder: Path, browser: Browser, fabric: Bundle, container: str) -> list[Path]:
    """Writes all of ``FACTS``; the container's python-pptx makes the slides, Chromium the PDF."""
    for fact in FACTS:
        file = folder / fact.file
        if file.suffix == ".pdf":
            _write_pdf(file, fact, browser)
        elif file.suffix == ".docx":
            _write_docx(file, fact)
        elif file.suffix == ".pptx":
            python = ["/opt/agentfabric/bin/python", "-c", _PPTX]
            file.write_bytes(fabric.output("exec", container, *python, "Harbour", *fact.text))
        else:
            file.write_text("\n\n".join(fact.text))
    return [folder / fact.file for fact in FACTS]


def _write_pdf(file: Path, fact: Fact, browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("".join(f"<p>{line}</p>" for line in fact.text))
    page.pdf(path=file)
    page.close()


def _write_docx(file: Path, fact: Fact) -> None:
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in fact.text)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _DOCX.items():
            archive.writestr(name, text.replace("%s", body))
