"""Reads a model's licence from its card."""

import re

_SPDX = {
    "apache-2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "mit": "MIT",
    "mit license": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
}

UNKNOWN = "NOASSERTION"
"""SPDX's word for a licence that nobody has stated."""


def license_of(card: str) -> str:
    """An SPDX expression for what the card's head says of the licence.

    The head is YAML between lines of three hyphens, as ModelScope and Hugging Face have it; of it
    only the lines ``license:`` and ``license_name:`` are looked at.
    """
    head = re.match(r"---\s*\n(.*?)\n---", card, re.DOTALL)
    lines = re.findall(r"(?m)^(license\w*):[ \t]*[\"']?(.*?)[\"']?[ \t]*$", head[1] if head else "")
    said = dict(lines)
    stated = said.get("license", "")
    if stated.lower() in ("other", "others", ""):
        stated = said.get("license_name", "")
    if stated.lower() in _SPDX:
        return _SPDX[stated.lower()]
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", stated).strip("-")
    return f"LicenseRef-{name}" if name else UNKNOWN
