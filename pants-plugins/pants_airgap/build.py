"""`./pants package` for the targets of this plugin.

Big files never enter Pants' own store: the tool keeps them in the store that Pants hands it as an
append-only cache, and hard-links them into the dist folder itself. Pants captures a small receipt.
As that receipt says nothing of whether the files are still there, the process that writes it runs
in every session (`PER_SESSION`); when nothing is missing it costs a `stat` a file.

The tool is asked to make the target; where something is missing it answers with steps, each of
which can run now. They run as processes of their own, so that Pants shows each with its name and
size, and as many at once as it has cores. Then the tool is asked again.

One failed target fails the whole goal, and then nothing reaches the dist folder. So where a lock is
right and this machine has no way to what it names, the targets made of it are left out, with a
warning and a receipt that says why: `./pants package ::` and `./pants test ::` go on without them.
A target that the command line names fails nevertheless. With `[airgap] locked` so does every one
that lacks something else than a source of others: what has a lock there is to be built.

A model that has no lock yet gets one in a step that comes before all others of its target. What
that step gives is added to what the tool is asked with, and written beside `model.toml` when the
run is over (`new_locks`).
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from operator import itemgetter

from pants.backend.python.util_rules.pex import VenvPexProcess
from pants.base.build_root import BuildRoot
from pants.core.goals.package import (
    BuiltPackage,
    BuiltPackageArtifact,
    PackageFieldSet,
)
from pants.core.util_rules.distdir import DistDir
from pants.engine.addresses import Address
from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    MergeDigests,
    PathGlobs,
)
from pants.engine.internals.options_parsing import _Options
from pants.engine.process import FallibleProcessResult, ProcessCacheScope
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.unions import UnionRule

from pants_airgap import new_locks
from pants_airgap.input_specs import SourceFieldSet, WheelhouseFieldSet
from pants_airgap.model_spec import ModelFieldSet
from pants_airgap.output_specs import BundleFieldSet, ImageFieldSet, PexFieldSet
from pants_airgap.spec import Spec, SpecFieldSet
from pants_airgap.subsystem import AirgapSubsystem, AirgapTool

STORE = ".airgap-store"
STORE_CACHE = "airgap_store"
UNAVAILABLE = 3
"""The tool's exit status where a lock is right and this machine has no way to what it names."""

logger = logging.getLogger(__name__)


class AirgapError(Exception):
    """What the tool said when it could not do its work."""


@dataclass(frozen=True)
class MakeRequest:
    """Make a target at a path below the dist folder."""

    field_set: SpecFieldSet
    output: str


@dataclass(frozen=True)
class CommandLine:
    """What the user asked for: the folders, as the arguments name them."""

    folders: tuple[str, ...]

    def names(self, address: Address) -> bool:
        """Whether the target was asked for, rather than met below another folder."""
        return address.spec_path in self.folders


@rule
async def command_line(options: _Options) -> CommandLine:
    specs = (spec.removeprefix("//").partition(":")[0] for spec in options.options.specs)
    return CommandLine(tuple(sorted({folder.rstrip("/") for folder in specs})))


@rule
async def make(
    request: MakeRequest,
    tool: AirgapTool,
    dist_dir: DistDir,
    build_root: BuildRoot,
    command_line: CommandLine,
    airgap: AirgapSubsystem,
) -> BuiltPackage:
    address = request.field_set.address
    spec = await Get(Spec, SpecFieldSet, request.field_set)
    spec_file = await Get(Digest, CreateDigest([FileContent("spec.json", spec.json.encode())]))
    inputs = await Get(Digest, MergeDigests([spec_file, spec.digest]))
    dest = os.path.join(build_root.path, str(dist_dir.relpath), request.output)
    receipt = f"{request.output}.receipt"
    ask = 0
    while True:
        ask += 1
        made = await Get(
            FallibleProcessResult,
            VenvPexProcess(
                tool.pex,
                argv=(
                    "make",
                    "spec.json",
                    f"--store={STORE}",
                    f"--dest={dest}",
                    f"--receipt={receipt}",
                    "--steps=steps.json",
                    # Asks after the first one are other processes, not memoised answers.
                    f"--ask={ask}",
                ),
                input_digest=inputs,
                output_files=(receipt, "steps.json"),
                append_only_caches={STORE_CACHE: STORE},
                extra_env=tool.env,
                description=f"Make {address}",
                cache_scope=ProcessCacheScope.PER_SESSION,
            ),
        )
        _check(made, f"Make {address}")
        contents = await Get(DigestContents, Digest, made.output_digest)
        files = {file.path: file.content for file in contents}
        steps = json.loads(files["steps.json"])
        if not steps:
            break
        locks = [step for step in steps if step["kind"] == "lock"]
        steps = locks or steps
        step_files = await MultiGet(
            Get(Digest, CreateDigest([FileContent("step.json", json.dumps(step).encode())]))
            for step in steps
        )
        results = await MultiGet(
            Get(
                FallibleProcessResult,
                VenvPexProcess(
                    tool.pex,
                    argv=("step", "step.json", f"--store={STORE}"),
                    input_digest=step_file,
                    output_files=tuple(filter(None, [step["value"].get("makes")])),
                    append_only_caches={STORE_CACHE: STORE},
                    extra_env=tool.env,
                    description=step["description"],
                    cache_scope=ProcessCacheScope.PER_SESSION,
                ),
            )
            for step, step_file in zip(steps, step_files)
        )
        left_out = [
            result.exit_code == UNAVAILABLE
            and not command_line.names(address)
            and (step["kind"] == "source" or not airgap.locked)
            for step, result in zip(steps, results)
        ]
        # What is wrong comes before what cannot be had.
        for lacking, step, result in sorted(zip(left_out, steps, results), key=itemgetter(0)):
            if lacking:
                reason = "; ".join(" ".join(line.split()) for line in _said(result).splitlines())
                logger.warning(f"{address} is left out: {reason}")
                # By it tests know why there is no more.
                told = json.dumps({"name": address.target_name, "left_out": reason}, indent=1)
                digest = await Get(
                    Digest, CreateDigest([FileContent(receipt, f"{told}\n".encode())])
                )
                # Once more at the end of the run, where what was made is listed.
                last = (f"  {address} is left out, see this file or the warning above",)
                return BuiltPackage(digest, (BuiltPackageArtifact(receipt, extra_log_lines=last),))
            _check(result, f"{step['description']}, for {address}")
        if locks:
            made_locks = await Get(Digest, MergeDigests([r.output_digest for r in results]))
            new_locks.note(await Get(DigestContents, Digest, made_locks), address)
            inputs = await Get(Digest, MergeDigests([inputs, made_locks]))
    digest = await Get(Digest, DigestSubset(made.output_digest, PathGlobs([receipt])))
    # Pants names the receipt alone.
    made_it = f"  made {os.path.join(str(dist_dir.relpath), request.output)}"
    summary = (made_it, *json.loads(files[receipt])["summary"])
    return BuiltPackage(digest, (BuiltPackageArtifact(receipt, extra_log_lines=summary),))


def _check(result: FallibleProcessResult, step: str) -> None:
    if result.exit_code != 0:
        raise AirgapError(f"{_said(result)}\n  {'step:':<9} {step}")


def _said(result: FallibleProcessResult) -> str:
    return result.stderr.decode(errors="replace").strip().removeprefix("error: ")


@rule
async def package_wheelhouse(field_set: WheelhouseFieldSet) -> BuiltPackage:
    output = field_set.output_path.value_or_default(file_ending=None)
    return await Get(BuiltPackage, MakeRequest(field_set, output))


@rule
async def package_model(field_set: ModelFieldSet) -> BuiltPackage:
    output = field_set.output_path.value_or_default(file_ending=None)
    return await Get(BuiltPackage, MakeRequest(field_set, output))


@rule
async def package_source(field_set: SourceFieldSet) -> BuiltPackage:
    output = field_set.output_path.value_or_default(file_ending=None)
    return await Get(BuiltPackage, MakeRequest(field_set, output))


@rule
async def package_pex(field_set: PexFieldSet) -> BuiltPackage:
    output = field_set.output_path.value_or_default(file_ending="pex")
    return await Get(BuiltPackage, MakeRequest(field_set, output))


@rule
async def package_image(field_set: ImageFieldSet) -> BuiltPackage:
    output = field_set.output_path.value_or_default(file_ending=None)
    return await Get(BuiltPackage, MakeRequest(field_set, output))


@rule
async def package_bundle(field_set: BundleFieldSet) -> BuiltPackage:
    return await Get(BuiltPackage, MakeRequest(field_set, field_set.address.target_name))


def rules() -> tuple[Rule | UnionRule, ...]:
    packaged = (
        WheelhouseFieldSet,
        ModelFieldSet,
        SourceFieldSet,
        PexFieldSet,
        ImageFieldSet,
        BundleFieldSet,
    )
    return (*collect_rules(), *(UnionRule(PackageFieldSet, fs) for fs in packaged))
