"""Collects what is wrong with a lock, so that one run tells all of it."""

from airgap.errors import AirgapError


class Problems:
    """The problems of one file, each with its place, raised together."""

    def __init__(self, origin: str) -> None:
        """``origin`` is the file's name as the user knows it."""
        self._origin = origin
        self._found: list[str] = []

    def add(self, place: int | str, text: str) -> None:
        """Note a problem; ``place`` is a line number or a path inside the file."""
        self._found.append(
            f"line {place}: {text}" if isinstance(place, int) else f"{place}: {text}"
        )

    def check(self, expected: str, remedy: str) -> None:
        """Return quietly when nothing was noted.

        Raises:
            AirgapError: Something was; all of it is in the message, one problem a line.
        """
        if self._found:
            raise AirgapError(
                "reading the lock",
                self._origin,
                expected=expected,
                found=("\n" + " " * 12).join(self._found),
                remedy=remedy,
            )
