"""The page of faults names tests that there are."""

import re
from pathlib import Path

import pytest

PAGE = Path("docs/faults.md")
TEST = re.compile(r"`((?:…/|\w+/)*(?:test_[\w*]+\.py|\w+/))`")


def rows() -> list[list[str]]:
    """The cells of each fault: what goes wrong, what is promised then, what shows it."""
    table = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def named(cell: str) -> list[Path]:
    """The tests of a row; one of the same folder as that before it may go without it."""
    found: list[Path] = []
    for name in TEST.findall(cell):
        path = Path("tests", name.removeprefix("…/"))
        found.append(
            found[-1].parent / path.name if found and path.parent == Path("tests") else path
        )
    return found


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_each_fault_has_a_promise_and_tests_that_there_are(row: list[str]) -> None:
    _, promise, shown = row
    assert promise
    tests = named(shown)
    assert len(tests) == shown.count("`") // 2 > 0, "what is no test's name"
    assert [str(test) for test in tests if not list(Path().glob(str(test)))] == []


def test_no_test_of_damaged_files_is_left_out() -> None:
    fuzz = {
        *Path("tests").glob("airgap/fuzz/test_*.py"),
        *Path("tests").glob("host/test_fuzz_*.py"),
    }
    assert fuzz <= {test for row in rows() for test in named(row[2])}
