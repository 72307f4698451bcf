from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from pants_airgap.build import CommandLine, command_line

DEMO = Address("bundles/demo", target_name="image")


@pytest.mark.parametrize(
    ("specs", "named"),
    [
        ("bundles/demo:image", True),
        ("//bundles/demo:image", True),
        ("bundles/demo:", True),
        ("bundles/demo", True),
        ("bundles/demo::", True),
        ("src: bundles/demo:", True),
        ("::", False),
        ("bundles::", False),
        ("bundles/demolition:", False),
        ("tests/e2e:", False),
        ("-bundles/demo::", False),
        ("", False),
    ],
)
def test_a_target_is_named_by_its_folder_and_not_by_one_above(specs: str, named: bool) -> None:
    runner = RuleRunner(rules=[command_line, QueryRule(CommandLine, [])])
    runner.set_options(["package", *specs.split()])
    assert runner.request(CommandLine, []).names(DEMO) is named
