"""The input of a stack's lock: ordinary requirements, with directives in comments.

::

    # cutoff: 2024-04-25            nothing that was uploaded after this day (UTC) is looked at
    # cutoff torch: none            but torch may be of any day, or of up to a day of its own
    # exclude: jupyterlab notebook  is left out together with what only it needs
    gradio>=4.8                     # a remark, here and behind a directive
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airgap.errors import AirgapError
from airgap.locks.python import normalise


@dataclass(frozen=True)
class StackInput:
    """What a stack is resolved from.

    Attributes:
        requirements: PEP 508 requirements, in the file's order.
        cutoff: The first moment (RFC 3339) from which on uploads are not looked at.
        cutoffs: The same for single packages; None lifts the cut-off.
        excludes: Normalised names of packages that are treated as not required.
    """

    requirements: tuple[str, ...]
    cutoff: str | None = None
    cutoffs: Mapping[str, str | None] = field(default_factory=dict)
    excludes: frozenset[str] = frozenset()


_CUTOFF = re.compile(r"#\s*cutoff(?:\s+(?P<name>\S+))?\s*:\s*(?P<day>\S+)\s*(#.*)?")
_EXCLUDE = re.compile(r"#\s*exclude\s*:\s*(?P<names>[^#]*)(#.*)?")


def parse(text: str, origin: str) -> StackInput:
    """Read an input file. ``origin`` is its name, for messages.

    Raises:
        AirgapError: A line is neither a requirement nor a comment, or a day is none.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    requirements = []
    cutoffs: dict[str, str | None] = {}
    excludes: set[str] = set()
    problems = []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        try:
            if match := _CUTOFF.fullmatch(line):
                cutoffs[normalise(match["name"] or "")] = _end_of(match["day"])
            elif match := _EXCLUDE.fullmatch(line):
                excludes.update(map(normalise, match["names"].split()))
            elif requirement := re.sub(r"(^|\s+)#.*", "", line):
                requirements.append(str(Requirement(requirement)))
        except (InvalidRequirement, ValueError) as error:
            problems.append(f"line {number}: {error}".replace("\n", " "))
    if not requirements and not problems:
        problems.append("no requirement")
    if problems:
        raise AirgapError(
            "reading the input",
            origin,
            expected="requirements such as `gradio>=4.8`, `# cutoff: 2024-04-25`,"
            " `# cutoff torch: none`, `# exclude: jupyterlab`",
            found=("\n" + " " * 12).join(problems),
            remedy="correct these lines",
        )
    cutoff = cutoffs.pop("", None)
    return StackInput(tuple(requirements), cutoff, cutoffs, frozenset(excludes))


def _end_of(day: str) -> str | None:
    if day == "none":
        return None
    following = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
    return f"{following.isoformat()}T00:00:00Z"
