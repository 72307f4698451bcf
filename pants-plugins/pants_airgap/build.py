"""`./pants package` for the targets of this plugin.

Big files never enter Pants' own store: the tool keeps them in the store that Pants hands it as an
append-only cache, and hard-links them into the dist folder itself. Pants captures a small receipt.
As that receipt says nothing of whether the files are still there, the process that writes it runs
in every session (`PER_SESSION`); when nothing is missing it costs a `stat` a file.

The tool is asked to make the target; where something is missing it answers with steps, each of
which can run now. They run as processes of their own, so that Pants shows each with its name and
size, and as many at once as it has cores. Then the tool is asked again.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from pants.backend.python.util_rules.pex import VenvPexProcess
from pants.base.build_root import BuildRoot
from pants.core.goals.package import (
    BuiltPackage,
    BuiltPackageArtifact,
    PackageFieldSet,
)
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    MergeDigests,
    PathGlobs,
)
from pants.engine.process import FallibleProcessResult, ProcessCacheScope
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.unions import UnionRule

from pants_airgap.spec import (
    BundleFieldSet,
    ImageFieldSet,
    ModelFieldSet,
    PexFieldSet,
    SourceFieldSet,
    Spec,
    SpecFieldSet,
    WheelhouseFieldSet,
)
from pants_airgap.subsystem import AirgapTool

STORE = ".airgap-store"
STORE_CACHE = "airgap_store"


class AirgapError(Exception):
    """What the tool said when it could not do its work."""


@dataclass(frozen=True)
class MakeRequest:
    """Make a target at a path below the dist folder."""

    field_set: SpecFieldSet
    output: str


@rule
async def make(
    request: MakeRequest, tool: AirgapTool, dist_dir: DistDir, build_root: BuildRoot
) -> BuiltPackage:
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
                description=f"Make {request.field_set.address}",
                cache_scope=ProcessCacheScope.PER_SESSION,
            ),
        )
        _check(made)
        contents = await Get(DigestContents, Digest, made.output_digest)
        files = {file.path: file.content for file in contents}
        steps = json.loads(files["steps.json"])
        if not steps:
            break
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
                    append_only_caches={STORE_CACHE: STORE},
                    extra_env=tool.env,
                    description=step["description"],
                    cache_scope=ProcessCacheScope.PER_SESSION,
                ),
            )
            for step, step_file in zip(steps, step_files)
        )
        for result in results:
            _check(result)
    digest = await Get(Digest, DigestSubset(made.output_digest, PathGlobs([receipt])))
    summary = tuple(json.loads(files[receipt])["summary"])
    return BuiltPackage(digest, (BuiltPackageArtifact(receipt, extra_log_lines=summary),))


def _check(result: FallibleProcessResult) -> None:
    if result.exit_code != 0:
        raise AirgapError(result.stderr.decode(errors="replace").strip().removeprefix("error: "))


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


def rules() -> tuple:
    packaged = (WheelhouseFieldSet, ModelFieldSet, PexFieldSet, ImageFieldSet, BundleFieldSet)
    return (*collect_rules(), *(UnionRule(PackageFieldSet, fs) for fs in packaged))
