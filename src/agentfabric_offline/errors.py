"""What can go wrong: for the operator at the start, for the visitor while a page is served."""

from agentfabric_offline.texts import PROBLEMS, WANTED


class Problem(Exception):
    """What went wrong and what to do about it, in the reader's language.

    Attributes:
        key: Which text of ``PROBLEMS`` it is.
        values: What is filled into that text.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def text(self, language: str) -> str:
        """The problem in ``language`` (`en` or `zh`)."""
        return PROBLEMS[language][self.key].format(**self.values)

    def __str__(self) -> str:
        return f"{self.text('en')}\n{self.text('zh')}"


class WrongSetting(Problem):
    """A setting is missing or cannot be used; the exit status of the program is 2 then."""

    def text(self, language: str) -> str:
        """The problem in ``language``, with what is wanted of the setting called ``name``."""
        wanted = WANTED[language].get(str(self.values.get("name")))
        return PROBLEMS[language][self.key].format(wanted=wanted, **self.values)


class UnexpectedShape(Problem):
    """Upstream is not as an adaptation expects it, so another commit than the pinned one."""

    def __init__(self, where: str, expected: str, found: str) -> None:
        super().__init__("shape", where=where, expected=expected, found=found)


def first_line(error: BaseException) -> str:
    """What went wrong first, in one line: libraries wrap errors, and add tracebacks to them."""
    while error.__context__ is not None:
        error = error.__context__
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line.strip("*")), type(error).__name__)
