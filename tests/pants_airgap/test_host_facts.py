from __future__ import annotations

import os
from pathlib import Path

import pytest
from pants.backend.python.goals.pytest_runner import PytestPluginSetup
from pants.core.target_types import GenericTarget
from pants.engine.addresses import Address
from pants.engine.fs import DigestContents
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from pants_airgap import host_facts
from pants_airgap.host_facts import HostFactsRequest


@pytest.fixture
def rule_runner() -> RuleRunner:
    rules = [*host_facts.rules(), QueryRule(PytestPluginSetup, [HostFactsRequest])]
    runner = RuleRunner(rules=rules, target_types=[GenericTarget])
    runner.write_files({"BUILD": "target(name='e2e', tags=['e2e'])\ntarget(name='unit')"})
    return runner


def facts(runner: RuleRunner, path: Path) -> list[str]:
    runner.set_options([], env={"PATH": f"{path}:{os.environ['PATH']}"})
    target = runner.get_target(Address("", target_name="e2e"))
    setup = runner.request(PytestPluginSetup, [HostFactsRequest(target)])
    (file,) = runner.request(DigestContents, [setup.digest])
    return file.content.decode().splitlines()


def test_only_the_tag_makes_a_test_depend_on_the_machine(rule_runner: RuleRunner) -> None:
    for name, applies in (("e2e", True), ("unit", False)):
        target = rule_runner.get_target(Address("", target_name=name))
        assert HostFactsRequest.is_applicable(target) is applies


def test_a_program_that_comes_or_goes_is_seen_in_the_next_session(
    rule_runner: RuleRunner, tmp_path: Path
) -> None:
    dockerd = tmp_path / "dockerd"
    assert str(dockerd) not in facts(rule_runner, tmp_path)
    dockerd.touch(mode=0o755)
    rule_runner.new_session("installed")
    assert str(dockerd) in facts(rule_runner, tmp_path)
    dockerd.unlink()
    rule_runner.new_session("removed")
    assert str(dockerd) not in facts(rule_runner, tmp_path)
