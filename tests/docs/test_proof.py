"""The page of proofs names commands that there are, and every test that takes long."""

import ast
import re
from pathlib import Path

import pytest

PAGES = ("docs/proof.md", "docs/proof.zh-CN.md")
PATH = re.compile(r"(?:tests|bundles|src|bench)[/.][\w/.*-]+")


def commands(page: str) -> list[str]:
    """What the page says to paste, in its order, without comments and aligning blanks."""
    text = Path(page).read_text()
    fenced = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    lines = [line.partition("#")[0].split() for line in fenced.splitlines()]
    inline = re.findall(r"`((?:[A-Z_]+=\w+ )?(?:unshare |python |\./)[^`]+)`", text)
    return [" ".join(line) for line in [*lines, *(command.split() for command in inline)]]


def long_tests() -> set[str]:
    """The files below ``tests/`` to which BUILD files give the tag `full`."""
    found: set[str] = set()
    for build in Path("tests").rglob("BUILD"):
        for node in ast.walk(ast.parse(build.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "overrides":
                for names, fields in ast.literal_eval(node.value).items():
                    if "full" in fields.get("tags", ()):
                        files = (names,) if isinstance(names, str) else names
                        folder = build.parent.relative_to("tests")
                        found.update(str(folder / file) for file in files)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_path_in_a_command_is_there(page: str) -> None:
    named = [path for command in commands(page) for path in PATH.findall(command)]
    assert len(named) > 60
    files = [path.replace(".", "/") + ".py" if "bench." in path else path for path in named]
    assert [file for file in files if not list(Path().glob(file))] == []


def test_both_pages_have_the_same_commands() -> None:
    english, chinese = map(commands, PAGES)
    assert english == chinese


def test_every_link_leads_to_a_page() -> None:
    for page in PAGES:
        links = re.findall(r"\]\(([^)#:]+)", Path(page).read_text())
        lost = [link for link in links if not (Path(page).parent / link).exists()]
        assert lost == [], page


def test_every_test_that_takes_long_has_a_line_for_its_last_result() -> None:
    lines = re.findall(r"^\| `([\w/]+\.py)` \|", Path(PAGES[0]).read_text(), re.MULTILINE)
    assert sorted(lines) == sorted(long_tests())
