"""The one error that users of this package see."""

import functools
from collections.abc import Callable


class AirgapError(Exception):
    """A failure that the user can act on, told in full sentences of one shape.

    Attributes:
        doing: What was being done, as a participle: ``fetching the wheel``.
        subject: What it was being done to: a file, a package, a target.
        expected: What should have been there, if that says something.
        found: What was there instead.
        remedy: What the user can do next.
    """

    def __init__(
        self,
        doing: str,
        subject: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(doing, subject, expected, found, remedy)
        self.doing = doing
        self.subject = subject
        self.expected = expected
        self.found = found
        self.remedy = remedy

    def __reduce__(self) -> tuple[Callable[[], "AirgapError"], tuple[()]]:
        """Let the error come whole out of a worker process: pickle knows no keyword arguments."""
        keywords = {"expected": self.expected, "found": self.found, "remedy": self.remedy}
        return functools.partial(type(self), self.doing, self.subject, **keywords), ()

    def __str__(self) -> str:
        lines = [f"{self.doing} `{self.subject}` failed"]
        for label, text in (
            ("expected", self.expected),
            ("found", self.found),
            ("next", self.remedy),
        ):
            if text is not None:
                lines.append(f"  {label + ':':<9} {text}")
        return "\n".join(lines)


class UnavailableError(AirgapError):
    """What a lock names cannot be had from this machine, and nothing on it is wrong for that."""
