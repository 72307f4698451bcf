import pytest

from airgap.errors import AirgapError
from airgap.resolve.stack_input import StackInput, parse


def test_requirements_directives_and_remarks() -> None:
    text = """
        # cutoff: 2024-04-25
        # cutoff torch: none   # its index does not say when
        # cutoff Sym_Py: 2026-02-28
        # exclude: JupyterLab notebook   # no editor
        # exclude: moviepy
        gradio >=4.8, <5  # the page
        torch==2.13.0+cpu
        # an ordinary remark
    """
    assert parse(text, "x.in") == StackInput(
        requirements=("gradio<5,>=4.8", "torch==2.13.0+cpu"),
        cutoff="2024-04-26T00:00:00Z",
        cutoffs={"torch": None, "sym-py": "2026-03-01T00:00:00Z"},
        excludes=frozenset({"jupyterlab", "notebook", "moviepy"}),
    )


def test_the_last_cutoff_counts() -> None:
    stack = parse("a\n# cutoff: 2024-04-25\n# cutoff: 2026-12-31\n", "x.in")
    assert stack.cutoff == "2027-01-01T00:00:00Z"


def test_all_wrong_lines_are_told_at_once() -> None:
    with pytest.raises(AirgapError) as raised:
        parse("a\n# cutoff: yesterday\nb==\n--index-url x\n", "x.in")
    assert raised.value.found is not None
    assert [line.split(":")[0].strip() for line in raised.value.found.splitlines()] == [
        "line 2",
        "line 3",
        "line 4",
    ]


def test_an_input_without_requirements_is_refused() -> None:
    with pytest.raises(AirgapError, match="no requirement"):
        parse("# cutoff: 2024-04-25\n", "x.in")
