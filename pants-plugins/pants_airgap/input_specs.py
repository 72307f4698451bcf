"""The specs of what comes from elsewhere, by its locks, and of agents, by their files."""

from __future__ import annotations

from dataclasses import dataclass

from pants.core.goals.package import OutputPathField, PackageFieldSet
from pants.engine.addresses import UnparsedAddressInputs
from pants.engine.fs import Digest, MergeDigests
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import HydratedSources, HydrateSourcesRequest, Targets
from pants.engine.unions import UnionRule

from pants_airgap import target_types as kinds
from pants_airgap.spec import Spec, SpecFieldSet, below, spec_of


@dataclass(frozen=True)
class WheelhouseFieldSet(SpecFieldSet, PackageFieldSet):
    required_fields = (kinds.WheelhouseLockField,)

    lock: kinds.WheelhouseLockField
    build_backends: kinds.BuildBackendsField
    cuda: kinds.CudaField
    driver: kinds.DriverField
    output_path: OutputPathField


@rule
async def wheelhouse_spec(field_set: WheelhouseFieldSet) -> Spec:
    backends = await Get(
        Targets,
        UnparsedAddressInputs(
            [str(field_set.build_backends.value)],
            owning_address=field_set.address,
            description_of_origin=f"the `build_backends` field of {field_set.address}",
        ),
    )
    lock, backends_lock = await MultiGet(
        Get(HydratedSources, HydrateSourcesRequest(field))
        for field in (field_set.lock, backends[0][kinds.WheelhouseLockField])
    )
    fields = {"cuda": field_set.cuda.value, "driver": field_set.driver.value}
    return spec_of(
        field_set,
        "wheelhouse",
        await Get(Digest, MergeDigests([lock.snapshot.digest, backends_lock.snapshot.digest])),
        lock=lock.snapshot.files[0],
        build_backends=backends_lock.snapshot.files[0],
        **{name: str(value) for name, value in fields.items() if value is not None},
    )


@dataclass(frozen=True)
class DebianFieldSet(SpecFieldSet):
    required_fields = (kinds.DebianLockField,)

    lock: kinds.DebianLockField


@rule
async def debian_spec(field_set: DebianFieldSet) -> Spec:
    lock = await Get(HydratedSources, HydrateSourcesRequest(field_set.lock))
    return spec_of(field_set, "debian", lock.snapshot.digest, lock=lock.snapshot.files[0])


@dataclass(frozen=True)
class SourceFieldSet(SpecFieldSet, PackageFieldSet):
    required_fields = (kinds.SourceLockField,)

    lock: kinds.SourceLockField
    output_path: OutputPathField


@rule
async def source_spec(field_set: SourceFieldSet) -> Spec:
    lock = await Get(HydratedSources, HydrateSourcesRequest(field_set.lock))
    return spec_of(field_set, "source", lock.snapshot.digest, lock=lock.snapshot.files[0])


@dataclass(frozen=True)
class AgentFieldSet(SpecFieldSet):
    required_fields = (kinds.AgentSourcesField,)

    sources: kinds.AgentSourcesField


@rule
async def agent_spec(field_set: AgentFieldSet) -> Spec:
    sources = await Get(HydratedSources, HydrateSourcesRequest(field_set.sources))
    files = below([field_set.address.spec_path], sources.snapshot.files)
    return spec_of(field_set, "agent", sources.snapshot.digest, files=files)


def rules() -> tuple[Rule | UnionRule, ...]:
    kinds_here = (WheelhouseFieldSet, DebianFieldSet, SourceFieldSet, AgentFieldSet)
    return (*collect_rules(), *(UnionRule(SpecFieldSet, kind) for kind in kinds_here))
