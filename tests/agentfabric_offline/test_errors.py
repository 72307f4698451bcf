"""An error is told in both languages, and without what libraries add."""

from agentfabric_offline.errors import Problem, UnexpectedShape, first_line


def test_a_problem_reads_in_both_languages() -> None:
    problem = Problem("unreachable", url="http://server:8000/v1", why="timed out")
    assert problem.text("en") in str(problem)
    assert problem.text("zh") in str(problem)
    assert "http://server:8000/v1 没有响应（timed out）" in problem.text("zh")


def test_another_shape_says_where_and_what() -> None:
    text = UnexpectedShape("app.demo", "a page", "none").text("en")
    assert "app.demo" in text
    assert "expected: a page" in text
    assert "found:    none" in text


def test_of_a_wrapped_error_the_first_cause_is_told() -> None:
    try:
        try:
            raise LookupError("\n****\n  No sentence data.\n  Traceback: …")
        except LookupError as error:
            raise RuntimeError(f"failed to load {error}") from error
    except RuntimeError as error:
        assert first_line(error) == "No sentence data."
    assert first_line(ValueError()) == "ValueError"
