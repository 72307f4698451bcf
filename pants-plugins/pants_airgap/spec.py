"""From targets to what the tool works from: one JSON value and the files that it names."""

from __future__ import annotations

import json
import os
from abc import ABCMeta
from dataclasses import dataclass
from typing import Any, Iterable

from pants.backend.python.util_rules.python_sources import (
    PythonSourceFiles,
    PythonSourceFilesRequest,
)
from pants.base.build_root import BuildRoot
from pants.core.goals.package import OutputPathField, PackageFieldSet
from pants.core.goals.run import RunFieldSet, RunInSandboxBehavior
from pants.core.target_types import FileSourceField
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.addresses import Address, Addresses, UnparsedAddressInputs
from pants.engine.environment import EnvironmentName
from pants.engine.fs import EMPTY_DIGEST, Digest, MergeDigests, PathGlobs, Snapshot
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import (
    AllUnexpandedTargets,
    FieldSet,
    HydratedSources,
    HydrateSourcesRequest,
    SourcesField,
    Targets,
    TransitiveTargets,
    TransitiveTargetsRequest,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionMembership, UnionRule, union
from pants.util.frozendict import FrozenDict

from pants_airgap import target_types as kinds
from pants_airgap.new_locks import REPLACED
from pants_airgap.subsystem import AirgapSubsystem


class WrongTargetError(Exception):
    """A field names a target of a kind that it cannot take."""


class NoLockError(Exception):
    """A model has no lock, and none can be made."""


@union(in_scope_types=[EnvironmentName])
class SpecFieldSet(FieldSet, metaclass=ABCMeta):
    """The fields from which the spec of one kind of target is made."""


@dataclass(frozen=True)
class Spec:
    """What the tool needs to know of a target.

    Attributes:
        json: A JSON object, canonical, so that equal specs are equal strings.
        digest: The files that it names, by their path in the repository.
    """

    json: str
    digest: Digest

    @property
    def value(self) -> Any:
        return json.loads(self.json)


def _spec(field_set: SpecFieldSet, kind: str, digest: Digest, **values: Any) -> Spec:
    value = {"kind": kind, "name": field_set.address.target_name, **values}
    return Spec(json.dumps(value, sort_keys=True), digest)


@dataclass(frozen=True)
class FieldSpecsRequest:
    """Ask for the specs of the targets that a field names, all of which must be of one kind."""

    owner: Address
    field: str
    values: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class FieldSpecs:
    items: tuple[Spec, ...]

    @property
    def values(self) -> list[Any]:
        return [spec.value for spec in self.items]

    @property
    def digests(self) -> list[Digest]:
        return [spec.digest for spec in self.items]


@rule
async def specs_of_field(request: FieldSpecsRequest, unions: UnionMembership) -> FieldSpecs:
    origin = f"the `{request.field}` field of {request.owner}"
    addresses = await Get(
        Addresses,
        UnparsedAddressInputs(
            request.values, owning_address=request.owner, description_of_origin=origin
        ),
    )
    wrapped = await MultiGet(
        Get(WrappedTarget, WrappedTargetRequest(address, origin)) for address in addresses
    )
    field_sets = []
    for target in (w.target for w in wrapped):
        if target.alias != request.kind:
            raise WrongTargetError(
                f"{origin} takes targets of the kind `{request.kind}`, but {target.address} is a "
                f"`{target.alias}`. Correct the address in the BUILD file."
            )
        (field_set,) = (fs for fs in unions[SpecFieldSet] if fs.is_applicable(target))
        field_sets.append(field_set.create(target))
    return FieldSpecs(await MultiGet(Get(Spec, SpecFieldSet, fs) for fs in field_sets))


@dataclass(frozen=True)
class Files:
    """Files for an image, a PEX or a bundle: (path there, path in the repository)."""

    pairs: tuple[tuple[str, str], ...]
    digest: Digest


@dataclass(frozen=True)
class FilesRequest:
    """The files that a field names.

    Attributes:
        python: Whether they are modules and resources with all that they depend on, by their path
            below the source root; otherwise `files`, by their path below their BUILD file.
    """

    owner: Address
    field: str
    values: tuple[str, ...]
    python: bool


@rule
async def files_of_field(request: FilesRequest) -> Files:
    addresses = await Get(
        Addresses,
        UnparsedAddressInputs(
            request.values,
            owning_address=request.owner,
            description_of_origin=f"the `{request.field}` field of {request.owner}",
        ),
    )
    if not addresses:
        return Files((), EMPTY_DIGEST)
    targets = await Get(TransitiveTargets, TransitiveTargetsRequest(addresses))
    if request.python:
        modules = await Get(PythonSourceFiles, PythonSourceFilesRequest(targets.closure))
        snapshot = modules.source_files.snapshot
        return Files(_below(modules.source_roots, snapshot.files), snapshot.digest)
    plain = await Get(
        SourceFiles,
        SourceFilesRequest(
            [target.get(SourcesField) for target in targets.closure],
            for_sources_types=(FileSourceField,),
        ),
    )
    folders = [address.spec_path for address in addresses]
    return Files(_below(folders, plain.snapshot.files), plain.snapshot.digest)


def _below(folders: Iterable[str], files: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pair each file's path below the deepest folder that holds it with the path itself."""
    deepest_first = sorted(folders, key=len, reverse=True)

    def relative(path: str) -> str:
        folder = next(f for f in deepest_first if f in ("", ".") or path.startswith(f + "/"))
        return os.path.relpath(path, folder or ".")

    return tuple(sorted((relative(path), path) for path in files))


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
    return _spec(
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
    return _spec(field_set, "debian", lock.snapshot.digest, lock=lock.snapshot.files[0])


@dataclass(frozen=True)
class ModelFieldSet(SpecFieldSet, PackageFieldSet):
    required_fields = (kinds.ModelLockField,)

    lock: kinds.ModelLockField
    output_path: OutputPathField


@dataclass(frozen=True)
class Replacements:
    """The folders that stand in for models, by the models' names."""

    folders: FrozenDict[str, str]


@rule
async def replacements(airgap: AirgapSubsystem, build_root: BuildRoot) -> Replacements:
    given = airgap.replace_models
    if given:
        everything = await Get(AllUnexpandedTargets)
        models = {t.address.target_name for t in everything if t.has_field(kinds.ModelLockField)}
        unknown = sorted(given.keys() - models)
        if unknown:
            raise WrongTargetError(
                f"`[airgap] replace_models` names {', '.join(unknown)}, but the models here are "
                f"{', '.join(sorted(models))}."
            )
    # Joining leaves absolute paths as they are.
    folders = {n: os.path.join(build_root.path, os.path.expanduser(f)) for n, f in given.items()}
    return Replacements(FrozenDict(folders))


@rule
async def model_spec(
    field_set: ModelFieldSet, airgap: AirgapSubsystem, replaced: Replacements
) -> Spec:
    address = field_set.address
    folder = replaced.folders.get(address.target_name)
    if folder is not None:
        # The tool makes a lock of the folder, for this build alone.
        return _spec(
            field_set,
            "model",
            EMPTY_DIGEST,
            lock=f"{REPLACED}{address.target_name}.lock",
            replaced_by=folder,
        )
    lock = await Get(HydratedSources, HydrateSourcesRequest(field_set.lock))
    if lock.snapshot.files:
        return _spec(field_set, "model", lock.snapshot.digest, lock=lock.snapshot.files[0])
    path = os.path.join(address.spec_path, str(field_set.lock.value))
    if airgap.locked:
        raise NoLockError(
            f"{address} has no lock, and `[airgap] locked` forbids to make one now. Package it "
            f"once where that is not set, and commit {path}."
        )
    source = os.path.join(address.spec_path, "model.toml")
    found = await Get(Snapshot, PathGlobs([source]))
    if not found.files:
        raise NoLockError(
            f"{address} has neither {path} nor {source}, which would say where the model comes "
            "from. `./pants run src/airgap:airgap -- lock model ID_OR_FOLDER` writes both."
        )
    return _spec(field_set, "model", found.digest, lock=path, input=source)


@dataclass(frozen=True)
class SourceFieldSet(SpecFieldSet, PackageFieldSet):
    required_fields = (kinds.SourceLockField,)

    lock: kinds.SourceLockField
    output_path: OutputPathField


@rule
async def source_spec(field_set: SourceFieldSet) -> Spec:
    lock = await Get(HydratedSources, HydrateSourcesRequest(field_set.lock))
    return _spec(field_set, "source", lock.snapshot.digest, lock=lock.snapshot.files[0])


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
    owner = field_set.address
    wheelhouse, sources, apps = await MultiGet(
        Get(
            FieldSpecs,
            FieldSpecsRequest(
                owner, "wheelhouse", (str(field_set.wheelhouse.value),), "wheelhouse"
            ),
        ),
        Get(
            FieldSpecs,
            FieldSpecsRequest(owner, "sources", tuple(field_set.sources.value or ()), "git_source"),
        ),
        Get(Files, FilesRequest(owner, "apps", tuple(field_set.apps.value or ()), python=True)),
    )
    return _spec(
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
    owner = field_set.address
    debian, wheelhouses, sources, apps = await MultiGet(
        Get(
            FieldSpecs,
            FieldSpecsRequest(owner, "debian", (str(field_set.debian.value),), "debian_packages"),
        ),
        Get(
            FieldSpecs,
            FieldSpecsRequest(
                owner, "wheelhouses", tuple(field_set.wheelhouses.value or ()), "wheelhouse"
            ),
        ),
        Get(
            FieldSpecs,
            FieldSpecsRequest(owner, "sources", tuple(field_set.sources.value or ()), "git_source"),
        ),
        Get(Files, FilesRequest(owner, "apps", tuple(field_set.apps.value or ()), python=True)),
    )
    digests = [*debian.digests, *wheelhouses.digests, *sources.digests, apps.digest]
    return _spec(
        field_set,
        "image",
        await Get(Digest, MergeDigests(digests)),
        debian=debian.values[0],
        wheelhouses=wheelhouses.values,
        sources=sources.values,
        files=apps.pairs,
    )


@dataclass(frozen=True)
class AgentFieldSet(SpecFieldSet):
    required_fields = (kinds.AgentSourcesField,)

    sources: kinds.AgentSourcesField


@rule
async def agent_spec(field_set: AgentFieldSet) -> Spec:
    sources = await Get(HydratedSources, HydrateSourcesRequest(field_set.sources))
    files = _below([field_set.address.spec_path], sources.snapshot.files)
    return _spec(field_set, "agent", sources.snapshot.digest, files=files)


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
    conf: kinds.ConfField


@rule
async def bundle_spec(field_set: BundleFieldSet) -> Spec:
    parts = (
        ("image", (field_set.image.value,), "oci_image"),
        ("models", field_set.models.value, "model"),
        ("wheelhouses", field_set.wheelhouses.value, "wheelhouse"),
        ("pexes", field_set.pexes.value, "hermetic_pex"),
        ("agents", field_set.agents.value, "exported_agent"),
    )
    owner = field_set.address
    image, models, wheelhouses, pexes, agents = await MultiGet(
        Get(FieldSpecs, FieldSpecsRequest(owner, field, tuple(values or ()), kind))
        for field, values, kind in parts
    )
    program = await Get(
        Files, FilesRequest(owner, "program", (str(field_set.program.value),), python=False)
    )
    digests = [d for p in (image, models, wheelhouses, pexes, agents) for d in p.digests]
    return _spec(
        field_set,
        "bundle",
        await Get(Digest, MergeDigests([*digests, program.digest])),
        image=image.values[0],
        models=models.values,
        wheelhouses=wheelhouses.values,
        pexes=pexes.values,
        agents=agents.values,
        program=program.pairs,
        conf=dict(field_set.conf.value or {}),
    )


SPEC_FIELD_SETS = (
    WheelhouseFieldSet,
    DebianFieldSet,
    ModelFieldSet,
    SourceFieldSet,
    PexFieldSet,
    ImageFieldSet,
    AgentFieldSet,
    BundleFieldSet,
)


def rules() -> tuple:
    return (*collect_rules(), *(UnionRule(SpecFieldSet, fs) for fs in SPEC_FIELD_SETS))
