"""smoke, on the served demo: each step against the real model."""

from tests.e2e.bundle import Bundle
from tests.e2e.demo import MODEL
from tests.host.smoke_lines import expect_each_step


def test_every_step_works_and_has_figures_of_the_real_model(served: Bundle) -> None:
    done = served.airgap("smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    chat = r'\d+ tokens in \d+\.\d s, \d+\.\d tokens/s: ".+…"'
    memory = r"[\d.]+[MG]iB / 8GiB"
    expect_each_step(done.stdout, rf"{MODEL}, qwen/Qwen1\.5-7B-Chat", chat, memory)
