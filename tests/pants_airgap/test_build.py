from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

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

from pants_airgap import build, new_locks
from pants_airgap.spec import Spec, SpecFieldSet
from pants_airgap.subsystem import AirgapSubsystem, AirgapTool

DEMO = Address("bundles/demo", target_name="image")

# Asks for the steps that the spec lists; each ends with the status in it. What makes a lock makes
# it, and where that is among what the tool is asked with, nothing is missing any more.
TOOL = """
if grep -q model.lock step.json 2>/dev/null; then
    mkdir src
    echo the lock > src/model.lock
    exit
fi
if [ "$1" = step ]; then
    status=$(tr -dc 0-9 < step.json)
    printf 'error: status %s\\n  next:     try again\\n' "$status" >&2
    exit "$status"
fi
echo '{"summary": ["  2 files, 3 B", "  bundle digest sha256:00"]}' > demo.receipt
if [ -e src/model.lock ]; then
    echo '[]' > steps.json
else
    cat spec.json > steps.json
fi
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
            input_digest=process.input_digest or EMPTY_DIGEST,
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
            *AirgapSubsystem.rules(),
            spec,
            tool,
            run_tool,
            UnionRule(SpecFieldSet, FieldSet),
            QueryRule(BuiltPackage, [build.MakeRequest]),
            QueryRule(build.CommandLine, []),
        ]
    )


def step(status: int, kind: str = "wheels") -> dict[str, Any]:
    return {"kind": kind, "description": "a step", "value": {"status": status}}


LOCK_STEP = {"kind": "lock", "description": "a lock", "value": {"makes": "src/model.lock"}}


def packaged(
    runner: RuleRunner, specs: str, statuses: list[int], kind: str = "wheels"
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The receipt of a target whose steps end so, where the command line has these specs, and what
    is said at the end of the run."""
    runner.set_options(["package", *specs.split()])
    steps = json.dumps([step(status, kind) for status in statuses])
    field_set = FieldSet(DEMO, steps)
    package = runner.request(BuiltPackage, [build.MakeRequest(field_set, "demo")])
    (file,) = runner.request(DigestContents, [package.digest])
    (artifact,) = package.artifacts
    assert artifact.relpath == file.path == "demo.receipt"
    return json.loads(file.content), artifact.extra_log_lines


def made(runner: RuleRunner, specs: str, statuses: list[int]) -> dict[str, Any]:
    return packaged(runner, specs, statuses)[0]


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


def test_nothing_missing_is_a_package_and_said_to_be_where_it_is(runner: RuleRunner) -> None:
    summary = ["  2 files, 3 B", "  bundle digest sha256:00"]
    said = ("  made dist/demo", *summary)
    assert packaged(runner, "::", []) == ({"summary": summary}, said)


def test_what_cannot_be_had_is_left_out_with_the_reason_in_one_line(runner: RuleRunner) -> None:
    receipt, said_last = packaged(runner, "::", [3])
    assert receipt == {"name": "image", "left_out": "status 3; next: try again"}
    assert said_last == ("  bundles/demo:image is left out, see this file or the warning above",)


def test_what_cannot_be_had_fails_where_it_is_asked_for(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError, match="status 3"):
        made(runner, "bundles/demo:", [3])


def test_a_model_that_cannot_be_had_fails_in_locked_mode(runner: RuleRunner) -> None:
    assert "left_out" in packaged(runner, "::", [3], "model")[0]
    with pytest.raises(ExecutionError, match="status 3"):
        packaged(runner, "--airgap-locked ::", [3], "model")


def test_a_source_that_cannot_be_had_is_left_out_in_locked_mode_too(runner: RuleRunner) -> None:
    assert "left_out" in packaged(runner, "--airgap-locked ::", [3], "source")[0]


def test_what_is_wrong_fails_even_beside_what_cannot_be_had(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError, match="status 1"):
        made(runner, "::", [3, 1])


def test_the_step_that_failed_is_named_with_its_target(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError, match=r"step: +a step, for bundles/demo:image\n"):
        made(runner, "::", [1])


def test_a_lock_is_made_before_all_else_and_waits_for_the_end(
    runner: RuleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: dict[str, bytes] = {}
    monkeypatch.setattr(new_locks, "_waiting", waiting)
    runner.set_options(["package", "::"])
    # Once the lock is there, the other step, which would fail, is not asked for.
    field_set = FieldSet(DEMO, json.dumps([step(1), LOCK_STEP]))
    runner.request(BuiltPackage, [build.MakeRequest(field_set, "demo")])
    assert waiting == {"src/model.lock": b"the lock\n"}
