"""What locks of several formats hold alike: a file's size and sha256, and a wheel."""

from collections.abc import Mapping
from typing import Any

from airgap.locks.problems import Problems
from airgap.locks.python import Wheel, problems_of_wheel
from airgap.store import Blob

_TOO_LARGE = 10**15
"""Bytes; no file is as large, and what is counted up from sizes stays in the range of floats."""

WHEEL_KEYS = {"filename", "name", "sha256", "size", "version"}


def wheel_value(wheel: Wheel) -> dict[str, str | int]:
    """The wheel as the values of `WHEEL_KEYS`; what it is built from is not among them."""
    return {
        "name": wheel.name,
        "version": wheel.version,
        "filename": wheel.filename,
        "size": wheel.blob.size,
        "sha256": wheel.blob.sha256,
    }


def parse_wheel(value: Mapping[str, Any], place: str, problems: Problems) -> Wheel | None:
    """Read what `wheel_value` wrote; None where a problem was noted."""
    name, version, filename = value["name"], value["version"], value["filename"]
    blob = parse_blob(value, place, problems)
    if not all(isinstance(field, str) for field in (name, version, filename)):
        problems.add(place, "name, version and filename should be text")
        return None
    found = list(problems_of_wheel(name, version, filename))
    for problem in found:
        problems.add(place, problem)
    return None if blob is None or found else Wheel(name, version, filename, blob)


def parse_blob(value: Mapping[str, Any], place: str, problems: Problems) -> Blob | None:
    """Read ``size`` and ``sha256``; None where a problem was noted."""
    size, sha256 = value["size"], value["sha256"]
    if type(size) is not int or not 0 <= size < _TOO_LARGE:
        problems.add(place, f"not a size in bytes: {size!r}")
        return None
    try:
        return Blob(sha256, size)
    except (TypeError, ValueError):
        problems.add(place, f"not a sha256 in 64 lower-case hex digits: {sha256!r}")
        return None
