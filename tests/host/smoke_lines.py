"""What smoke says of a bundle without AgentFabric where all works."""

import re


def expect_each_step(said: str, models: str, chat: str, memory: str) -> None:
    """Each step of ``demo`` works, on one line, with its figures.

    Patterns tell what ``models`` are served, what ``chat`` answered and whose ``memory`` it takes.
    """
    begins, *steps, end = said.splitlines()
    assert "demo" in begins
    assert end == "demo serves."
    expected = [
        rf"ok       model list: {models} \(up to 8192 tokens\)",
        rf"ok       chat: {chat}",
        r"ok       stream: first token after \d+\.\d\d s, then \d+\.\d tokens/s",
        r"skipped  embedding: this bundle has no AgentFabric",
        rf"ok       memory: no GPU; the model server takes {memory}",
    ]
    for line, pattern in zip(steps, expected, strict=True):
        assert re.fullmatch(pattern, line), line
