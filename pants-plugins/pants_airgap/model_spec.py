"""The spec of a model: its lock, where it would come from, or the folder that stands in for it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pants.base.build_root import BuildRoot
from pants.core.goals.package import OutputPathField, PackageFieldSet
from pants.engine.fs import EMPTY_DIGEST, PathGlobs, Snapshot
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import AllUnexpandedTargets, HydratedSources, HydrateSourcesRequest
from pants.engine.unions import UnionRule
from pants.util.frozendict import FrozenDict

from pants_airgap import target_types as kinds
from pants_airgap.new_locks import REPLACED
from pants_airgap.spec import Spec, SpecFieldSet, WrongTargetError, spec_of
from pants_airgap.subsystem import AirgapSubsystem


class NoLockError(Exception):
    """A model has no lock, and none can be made."""


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
        return spec_of(
            field_set,
            "model",
            EMPTY_DIGEST,
            lock=f"{REPLACED}{address.target_name}.lock",
            replaced_by=folder,
        )
    lock = await Get(HydratedSources, HydrateSourcesRequest(field_set.lock))
    if lock.snapshot.files:
        return spec_of(field_set, "model", lock.snapshot.digest, lock=lock.snapshot.files[0])
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
    return spec_of(field_set, "model", found.digest, lock=path, input=source)


def rules() -> tuple[Rule | UnionRule, ...]:
    return (*collect_rules(), UnionRule(SpecFieldSet, ModelFieldSet))
