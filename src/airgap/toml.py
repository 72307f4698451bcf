"""Reads TOML of others: whatever is wrong with it is a `ValueError` with a text for the user."""

import tomllib
from typing import Any


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        ValueError: It is no TOML, or more than Python's reader takes: too many brackets within one
            another, a number of thousands of digits.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("too many brackets within one another") from error
