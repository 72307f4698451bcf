"""What can go wrong: for the operator at the start, for the visitor while the page is served."""

from agent_runner.texts import PROBLEMS


class StartError(Exception):
    """Why the agent cannot be served, and what the operator can do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  next:     {self.remedy}"


class Problem(Exception):
    """Why a question has no answer, and what the visitor can do, in the visitor's language.

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
        return self.text("en")


def first_line(error: BaseException) -> str:
    """What went wrong first, in one line: libraries wrap errors, and add tracebacks to them."""
    while error.__context__ is not None:
        error = error.__context__
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line.strip("*")), type(error).__name__)
