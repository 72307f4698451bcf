"""`./pants lint` for shell programs, by the shellcheck of the package index.

Pants' own backend fetches shellcheck from GitHub and looks at targets for shell sources alone. Here
every file counts that is a shell program by its name or its first line, whatever target it is of.
"""

from __future__ import annotations

import re
from typing import Any

from pants.backend.python.subsystems.setup import PythonSetup
from pants.backend.python.target_types import ConsoleScript
from pants.backend.python.util_rules.interpreter_constraints import InterpreterConstraints
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.backend.python.util_rules.pex_requirements import PexRequirements, Resolve
from pants.core.goals.lint import LintFilesRequest, LintResult
from pants.core.util_rules.partitions import Partitions
from pants.engine.fs import Digest, DigestContents, PathGlobs
from pants.engine.process import FallibleProcessResult
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.option.option_types import ArgsListOption, SkipOption
from pants.option.subsystem import Subsystem
from pants.util.strutil import pluralize

_NAME = re.compile(r"(.*/)?[^/]+\.(sh|bash)")
# A file without an ending is one by how it says that it is run, or sourced.
_NO_ENDING = re.compile(r"(.*/)?\.?[^./]+(\.bootstrap)?")
_FIRST_LINE = re.compile(rb"#!.*\b(sh|bash|dash)\b|# shellcheck shell=")


class Shellcheck(Subsystem):
    options_scope = "shellcheck"
    name = "shellcheck"
    help = "The checker of shell programs, from the resolve `shellcheck`."

    skip = SkipOption("lint")
    args = ArgsListOption(example="--severity=warning")


class ShellcheckRequest(LintFilesRequest):
    # Pants says it of the option, but means its value.
    tool_subsystem = Shellcheck  # type: ignore[assignment]


def is_shell(path: str, content: bytes) -> bool:
    """Whether a file is a shell program."""
    return bool(_NAME.fullmatch(path) or _FIRST_LINE.match(content))


@rule
async def partition(
    request: ShellcheckRequest.PartitionRequest, tool: Shellcheck
) -> Partitions[str, Any]:
    if tool.skip:
        return Partitions()
    candidates = [f for f in request.files if _NAME.fullmatch(f) or _NO_ENDING.fullmatch(f)]
    contents = await Get(DigestContents, PathGlobs(candidates))
    return Partitions.single_partition(f.path for f in contents if is_shell(f.path, f.content))


@rule
async def lint(
    request: ShellcheckRequest.Batch[str, Any], tool: Shellcheck, python: PythonSetup
) -> LintResult:
    pex = await Get(
        VenvPex,
        PexRequest(
            output_filename="shellcheck.pex",
            internal_only=True,
            requirements=PexRequirements(from_superset=Resolve("shellcheck", True)),
            interpreter_constraints=InterpreterConstraints(python.interpreter_constraints),
            main=ConsoleScript("shellcheck"),
        ),
    )
    result = await Get(
        FallibleProcessResult,
        VenvPexProcess(
            pex,
            argv=(*tool.args, *request.elements),
            input_digest=await Get(Digest, PathGlobs(request.elements)),
            description=f"Run shellcheck on {pluralize(len(request.elements), 'file')}",
        ),
    )
    return LintResult.create(request, result)


def rules() -> tuple[Rule, ...]:
    return (*collect_rules(), *ShellcheckRequest.rules())
