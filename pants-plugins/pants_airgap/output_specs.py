"""The specs of what is made of others: PEX files, images, bundles."""

from __future__ import annotations

from dataclasses import dataclass

from pants.core.goals.package import OutputPathField, PackageFieldSet
from pants.core.goals.run import RunFieldSet, RunInSandboxBehavior
from pants.engine.fs import Digest, MergeDigests
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.unions import UnionRule

from pants_airgap import target_types as kinds
from pants_airgap.spec import (
    FieldSpecs,
    FieldSpecsRequest,
    Files,
    FilesRequest,
    Spec,
    SpecFieldSet,
    spec_of,
)


@dataclass(frozen=True)
class PexFieldSet(SpecFieldSet, PackageFieldSet):
    required_fields = (kinds.WheelhouseField, kinds.ModuleField)

    wheelhouse: kinds.WheelhouseField
    apps: kinds.AppsField
    sources: kinds.SourcesField
    module: kinds.ModuleField
    layout: kinds.LayoutField
    output_path: OutputPathField


@rule
async def pex_spec(field_set: PexFieldSet) -> Spec:
    specs = (
        FieldSpecsRequest.of(field_set.wheelhouse, "wheelhouse"),
        FieldSpecsRequest.of(field_set.sources, "git_source"),
    )
    wheelhouse, sources = await MultiGet(
        Get(FieldSpecs, FieldSpecsRequest, request) for request in specs
    )
    apps = await Get(Files, FilesRequest, FilesRequest.of(field_set.apps, python=True))
    return spec_of(
        field_set,
        "pex",
        await Get(Digest, MergeDigests([*wheelhouse.digests, *sources.digests, apps.digest])),
        wheelhouse=wheelhouse.values[0],
        sources=sources.values,
        files=apps.pairs,
        module=field_set.module.value,
        layout=field_set.layout.value,
    )


@dataclass(frozen=True)
class ImageFieldSet(SpecFieldSet, PackageFieldSet):
    required_fields = (kinds.DebianField, kinds.WheelhousesField)

    debian: kinds.DebianField
    wheelhouses: kinds.WheelhousesField
    apps: kinds.AppsField
    sources: kinds.SourcesField
    output_path: OutputPathField


@rule
async def image_spec(field_set: ImageFieldSet) -> Spec:
    specs = (
        FieldSpecsRequest.of(field_set.debian, "debian_packages"),
        FieldSpecsRequest.of(field_set.wheelhouses, "wheelhouse"),
        FieldSpecsRequest.of(field_set.sources, "git_source"),
    )
    debian, wheelhouses, sources = await MultiGet(
        Get(FieldSpecs, FieldSpecsRequest, request) for request in specs
    )
    apps = await Get(Files, FilesRequest, FilesRequest.of(field_set.apps, python=True))
    digests = [*debian.digests, *wheelhouses.digests, *sources.digests, apps.digest]
    return spec_of(
        field_set,
        "image",
        await Get(Digest, MergeDigests(digests)),
        debian=debian.values[0],
        wheelhouses=wheelhouses.values,
        sources=sources.values,
        files=apps.pairs,
    )


@dataclass(frozen=True)
class BundleFieldSet(SpecFieldSet, PackageFieldSet, RunFieldSet):
    required_fields = (kinds.ImageField, kinds.ProgramField)
    run_in_sandbox_behavior = RunInSandboxBehavior.NOT_SUPPORTED

    image: kinds.ImageField
    models: kinds.ModelsField
    wheelhouses: kinds.WheelhousesField
    pexes: kinds.PexesField
    agents: kinds.AgentsField
    program: kinds.ProgramField
    guides: kinds.GuidesField
    conf: kinds.ConfField


@rule
async def bundle_spec(field_set: BundleFieldSet) -> Spec:
    specs = (
        FieldSpecsRequest.of(field_set.image, "oci_image"),
        FieldSpecsRequest.of(field_set.models, "model"),
        FieldSpecsRequest.of(field_set.wheelhouses, "wheelhouse"),
        FieldSpecsRequest.of(field_set.pexes, "hermetic_pex"),
        FieldSpecsRequest.of(field_set.agents, "exported_agent"),
    )
    image, models, wheelhouses, pexes, agents = await MultiGet(
        Get(FieldSpecs, FieldSpecsRequest, request) for request in specs
    )
    program, guides = await MultiGet(
        Get(Files, FilesRequest, FilesRequest.of(field, python=False))
        for field in (field_set.program, field_set.guides)
    )
    digests = [d for p in (image, models, wheelhouses, pexes, agents) for d in p.digests]
    return spec_of(
        field_set,
        "bundle",
        await Get(Digest, MergeDigests([*digests, program.digest, guides.digest])),
        image=image.values[0],
        models=models.values,
        wheelhouses=wheelhouses.values,
        pexes=pexes.values,
        agents=agents.values,
        program=program.pairs,
        guides=guides.pairs,
        conf=dict(field_set.conf.value or {}),
    )


def rules() -> tuple[Rule | UnionRule, ...]:
    kinds_here = (PexFieldSet, ImageFieldSet, BundleFieldSet)
    return (*collect_rules(), *(UnionRule(SpecFieldSet, kind) for kind in kinds_here))
