"""An error is told in few words, with what to do next."""

from agent_runner.errors import Problem, StartError, first_line


def test_start_error_says_what_to_do() -> None:
    assert str(StartError("the house is on fire", "leave it")) == (
        "the house is on fire\n  next:     leave it"
    )


def test_problem_in_the_language_of_the_visitor() -> None:
    problem = Problem("long", needed=9000, limit=7168)
    assert "takes 9000 tokens, and 7168 fit" in problem.text("en")
    assert "共 9000 个 token，而除回答之外只能容纳 7168 个" in problem.text("zh")


def test_of_a_wrapped_error_the_first_cause_is_told() -> None:
    try:
        try:
            raise LookupError("\n****\n  No sentence data.\n  Traceback: …")
        except LookupError as error:
            raise RuntimeError(f"failed to load {error}") from error
    except RuntimeError as error:
        assert first_line(error) == "No sentence data."
    assert first_line(ValueError()) == "ValueError"
