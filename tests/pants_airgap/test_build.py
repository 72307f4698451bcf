from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from pants.backend.python.util_rules.pex import VenvPexProcess
from pants.core.goals.package import BuiltPackage
from pants.core.util_rules import distdir
from pants.engine.addresses import Address
from pants.engine.fs import EMPTY_DIGEST, DigestContents
from pants.engine.internals.scheduler import ExecutionError
from pants.engine.process import FallibleProcessResult, Process
from pants.engine.rules import Get, QueryRule, rule
from pants.engine.unions import UnionRule
from pants.testutil.rule_runner import RuleRunner
from pants.util.frozendict import FrozenDict

from pants_airgap import build
from pants_airgap.spec import Spec, SpecFieldSet
from pants_airgap.subsystem import AirgapTool

DEMO = Address("bundles/demo", target_name="image")

# Asks for the steps that the spec lists; each ends with the status in it.
TOOL = """
if [ "$1" = step ]; then
    status=$(tr -dc 0-9 < step.json)
    printf 'error: status %s\\n  next:     try again\\n' "$status" >&2
    exit "$status"
fi
echo '{"summary": []}' > demo.receipt
cat spec.json > steps.json
"""


@dataclass(frozen=True)
class FieldSet(SpecFieldSet):
    """A target that lacks something: a step for each status with which it ends."""

    required_fields = ()
    statuses: str


@rule
def spec(field_set: FieldSet) -> Spec:
    return Spec(field_set.statuses, EMPTY_DIGEST)


@rule
def tool() -> AirgapTool:
    return AirgapTool(None, FrozenDict())  # type: ignore[arg-type]


@rule
async def run_tool(process: VenvPexProcess) -> FallibleProcessResult:
    return await Get(
        FallibleProcessResult,
        Process(
            ["/bin/sh", "-c", TOOL, "tool", *process.argv],
            input_digest=process.input_digest,
            output_files=process.output_files,
            env={"PATH": "/bin:/usr/bin"},
            description=process.description,
        ),
    )


@pytest.fixture
def runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            build.make,
            build.command_line,
            *distdir.rules(),
            spec,
            tool,
            run_tool,
            UnionRule(SpecFieldSet, FieldSet),
            QueryRule(BuiltPackage, [build.MakeRequest]),
            QueryRule(build.CommandLine, []),
        ]
    )


def made(runner: RuleRunner, specs: str, statuses: list) -> dict:
    """The receipt of a target whose steps end so, where the command line has these specs."""
    runner.set_options(["package", *specs.split()])
    steps = json.dumps([{"description": "a step", "status": status} for status in statuses])
    field_set = FieldSet(DEMO, steps)
    package = runner.request(BuiltPackage, [build.MakeRequest(field_set, "demo")])
    (file,) = runner.request(DigestContents, [package.digest])
    assert [artifact.relpath for artifact in package.artifacts] == [file.path] == ["demo.receipt"]
    return json.loads(file.content)


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
def test_a_target_is_named_by_its_folder_and_not_by_one_above(
    runner: RuleRunner, specs: str, named: bool
) -> None:
    runner.set_options(["package", *specs.split()])
    assert runner.request(build.CommandLine, []).names(DEMO) is named


def test_nothing_missing_is_a_package(runner: RuleRunner) -> None:
    assert made(runner, "::", []) == {"summary": []}


def test_what_cannot_be_had_is_left_out_with_the_reason_in_one_line(runner: RuleRunner) -> None:
    receipt = made(runner, "::", [3])
    assert receipt == {"name": "image", "left_out": "status 3; next: try again"}


def test_what_cannot_be_had_fails_where_it_is_asked_for(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError, match="status 3"):
        made(runner, "bundles/demo:", [3])


def test_what_is_wrong_fails_even_beside_what_cannot_be_had(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError, match="status 1"):
        made(runner, "::", [3, 1])
