"""What a part says of its licence, in SPDX's words where it is certain which those are."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from license_expression import (  # type: ignore[import-untyped]
    ExpressionError,
    get_license_index,
    get_spdx_licensing,
)


class Standing(StrEnum):
    """Whether a person has to look at a licence before the bundle is handed on.

    Attributes:
        OPEN: An open-source licence, or one of several to choose from is.
        CLOSED: It says itself that it is none, or SPDX's list has it as one with limits.
        UNKNOWN: Nothing is stated, or nothing that can be told apart by a program.
    """

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, order=True)
class License:
    """The licence of one component.

    Attributes:
        terms: SPDX expressions, or the part's own words. Several apply to several files of it; none
            where nothing is stated.
        standing: See `Standing`.
    """

    terms: tuple[str, ...] = ()
    standing: Standing = Standing.UNKNOWN


_OPEN = frozenset({"Permissive", "Copyleft", "Copyleft Limited", "Public Domain"})
"""Kinds of licences in the index of license-expression that are open source."""

_NAME = re.compile(r"[A-Za-z0-9.+-]+")
_CLOSED = re.compile(r"proprietary|end user|\beula\b|commercial", re.IGNORECASE)


def spdx(text: str) -> str | None:
    """The SPDX expression that the text is, rightly written; None where it is none.

    Names as SPDX spells them but for case, and ``LicenseRef-…``.
    """
    parsed = _parsed(text)
    return None if parsed is None else str(parsed)


def standing(term: str) -> Standing:
    """Whether an SPDX expression, or a licence in words, is open source."""
    parsed = _parsed(term)
    if parsed is not None and _is_open(parsed):
        return Standing.OPEN
    if _CLOSED.search(term) or (parsed is not None and "LicenseRef-" not in term):
        return Standing.CLOSED
    return Standing.UNKNOWN


def license_of(terms: Iterable[str]) -> License:
    """The licence that consists of these terms, all of which apply."""
    terms = tuple(terms)
    found = {standing(term) for term in terms} or {Standing.UNKNOWN}
    for worst in (Standing.CLOSED, Standing.UNKNOWN):
        if worst in found:
            return License(terms, worst)
    return License(terms, Standing.OPEN)


def recognise(text: str) -> str | None:
    """The SPDX id of a licence's own text, where it is the text of exactly one that is known here.

    BSD licences differ in a clause, and most wheels say no more than BSD.
    """
    words = re.sub(r"\s+", " ", text)
    found = [name for name, pattern in _TEXTS.items() if re.search(pattern, words)]
    if len(found) != 1:
        return None
    if found == ["BSD"]:
        return _which_bsd(words)
    return found[0] if spdx(found[0]) else None


def _which_bsd(words: str) -> str | None:
    if re.search(r"(?i)neither the names? of .{,200} endorse or promote products", words):
        limits = r"(?i)must display the following|must not be used"
        return None if re.search(limits, words) else "BSD-3-Clause"
    return None if re.search(r"(?i)endorse|promote|names? of", words) else "BSD-2-Clause"


_TEXTS = {
    "Apache-2.0": r"Apache License,? Version 2\.0, January 2004",
    "MIT": r"to deal in the Software without restriction, including without limitation",
    "BSD": r"Redistribution and use in source and binary forms",
    "ISC": r"to use, copy, modify, and(/or)? distribute this software for any purpose with or",
    "PSF": r"PYTHON SOFTWARE FOUNDATION LICENSE",
    "MPL-2.0": r"Mozilla Public License,? [Vv]ersion 2\.0",
    "GPL": r"GNU (LESSER |LIBRARY |AFFERO )?GENERAL PUBLIC LICENSE",
}
"""A phrase of each; with those that are no SPDX ids, a text of several is not taken for one."""


@functools.cache
def _parsed(text: str) -> Any:
    try:
        parsed = _licensing().parse(_NAME.sub(_of_today, text.strip()), simple=True)
    except (ExpressionError, AttributeError):
        return None
    if parsed is None or not all(map(_is_known, _licensing().license_symbols(parsed))):
        return None
    return parsed


@functools.cache
def _licensing() -> Any:
    return get_spdx_licensing()


def _is_known(symbol: Any) -> bool:
    own_name = re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", symbol.key)
    return bool(own_name) or symbol.key in _licensing().known_symbols


def _is_open(parsed: Any) -> bool:
    if parsed.isliteral:
        # Of a licence with an exception, the licence.
        symbol = getattr(parsed, "license_symbol", parsed)
        return symbol.key in _open_keys()
    one_is_enough = isinstance(parsed, _licensing().OR)
    return (any if one_is_enough else all)(map(_is_open, parsed.args))


def _of_today(name: re.Match[str]) -> str:
    return _former_ids().get(name[0].lower(), name[0])


@functools.cache
def _former_ids() -> dict[str, str]:
    """SPDX ids that were replaced (``gpl-2.0+``, in lower case), and those of today."""
    return {
        former.lower(): entry["spdx_license_key"]
        for entry in get_license_index()
        for former in entry.get("other_spdx_license_keys", ())
        # Without a version it does not say which licence of today is meant.
        if re.search(r"[0-9]\+?$", former)
    }


@functools.cache
def _open_keys() -> frozenset[str]:
    return frozenset(
        entry["spdx_license_key"]
        for entry in get_license_index()
        if entry["category"] in _OPEN and entry.get("spdx_license_key")
    )
