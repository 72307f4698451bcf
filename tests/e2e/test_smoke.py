"""smoke, on the served demo: each step against the real model."""

import re

from tests.e2e.bundle import Bundle
from tests.e2e.demo import MODEL

FIGURE = r"\d+\.\d+"


def test_every_step_works_and_has_figures_of_the_real_model(served: Bundle) -> None:
    done = served.airgap("smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    begins, *steps, end = done.stdout.splitlines()
    assert end == "demo serves."
    names = rf"{MODEL}, qwen/Qwen1\.5-7B-Chat"
    expected = [
        rf"ok       model list: {names} \(up to 8192 tokens\)",
        rf'ok       chat: \d+ tokens in {FIGURE} s, {FIGURE} tokens/s: ".+…"',
        rf"ok       stream: first token after {FIGURE} s, then {FIGURE} tokens/s",
        r"skipped  embedding: this bundle has no AgentFabric",
        r"ok       memory: no GPU; the model server takes [\d.]+[MG]iB / 8GiB",
    ]
    for line, pattern in zip(steps, expected, strict=True):
        assert re.fullmatch(pattern, line), line
