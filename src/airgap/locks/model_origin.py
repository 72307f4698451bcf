"""Where the files of a locked model come from: a package, ModelScope's hub, or a folder."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from airgap.locks.fields import WHEEL_KEYS, parse_wheel, wheel_value
from airgap.locks.problems import Problems
from airgap.locks.python import Wheel


@dataclass(frozen=True)
class HubOrigin:
    """A model on ModelScope's hub, or on a mirror of it.

    Attributes:
        id: ``owner/name``.
        revision: The branch, tag or commit that was asked for.
        commit: What it was then; 7 to 40 hex digits, as many as the hub gives.
    """

    id: str
    revision: str
    commit: str


@dataclass(frozen=True)
class FolderOrigin:
    """A folder of this or another machine; `ModelLock.variable` names it where it is needed."""


Origin = Wheel | HubOrigin | FolderOrigin

MODEL_ID = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
"""``owner/name`` as the hub writes it."""


def origin_value(origin: Origin) -> dict[str, Any]:
    """The origin as JSON."""
    if isinstance(origin, FolderOrigin):
        return {"folder": {}}
    if isinstance(origin, HubOrigin):
        return {"modelscope": asdict(origin)}
    return {"wheel": wheel_value(origin)}


def parse_origin(value: Any, problems: Problems) -> Origin | None:
    """Read what `origin_value` wrote; None where a problem was noted."""
    kind, fields = next(iter(value.items())) if _is_single(value) else ("", {})
    if kind == "folder" and fields == {}:
        return FolderOrigin()
    if kind == "modelscope" and fields.keys() == {"id", "revision", "commit"}:
        return _hub(fields, problems)
    if kind == "wheel" and fields.keys() == WHEEL_KEYS:
        return parse_wheel(fields, "origin", problems)
    problems.add(
        "origin",
        "should be a folder, a modelscope model with commit, id, revision, or a wheel with "
        + ", ".join(sorted(WHEEL_KEYS)),
    )
    return None


def _is_single(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(isinstance(fields, dict) for fields in value.values())
    )


def _hub(fields: dict[str, Any], problems: Problems) -> HubOrigin | None:
    origin = HubOrigin(**fields)
    if not isinstance(origin.id, str) or not MODEL_ID.fullmatch(origin.id):
        problems.add("origin", f"not an id as `owner/name`: {origin.id!r}")
    elif not isinstance(origin.revision, str) or not origin.revision.strip():
        problems.add("origin", f"not a revision: {origin.revision!r}")
    elif not isinstance(origin.commit, str) or not re.fullmatch(r"[0-9a-f]{7,40}", origin.commit):
        problems.add("origin", f"not a commit in lower-case hex digits: {origin.commit!r}")
    else:
        return origin
    return None
