"""From targets to what the tool works from: one JSON value and the files that it names."""

from __future__ import annotations

import json
import os
from abc import ABCMeta
from dataclasses import dataclass
from typing import Any, Iterable, Union

from pants.backend.python.util_rules.python_sources import (
    PythonSourceFiles,
    PythonSourceFilesRequest,
)
from pants.core.target_types import FileSourceField
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.addresses import Address, Addresses, UnparsedAddressInputs
from pants.engine.environment import EnvironmentName
from pants.engine.fs import EMPTY_DIGEST, Digest
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import (
    FieldSet,
    SourcesField,
    SpecialCasedDependencies,
    TransitiveTargets,
    TransitiveTargetsRequest,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionMembership, union

from pants_airgap.target_types import AddressField

AddressesField = Union[AddressField, SpecialCasedDependencies]
"""A field that names one target, or several."""


class WrongTargetError(Exception):
    """A field names a target of a kind that it cannot take."""


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


def spec_of(field_set: SpecFieldSet, kind: str, digest: Digest, **values: Any) -> Spec:
    """The spec of a target of a kind that the tool knows, with what else it needs."""
    value = {"kind": kind, "name": field_set.address.target_name, **values}
    return Spec(json.dumps(value, sort_keys=True), digest)


@dataclass(frozen=True)
class FieldSpecsRequest:
    """Ask for the specs of the targets that a field names, all of which must be of one kind."""

    owner: Address
    field: str
    values: tuple[str, ...]
    kind: str

    @classmethod
    def of(cls, field: AddressesField, kind: str) -> FieldSpecsRequest:
        return cls(field.address, field.alias, _values(field), kind)


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

    @classmethod
    def of(cls, field: AddressesField, python: bool) -> FilesRequest:
        return cls(field.address, field.alias, _values(field), python)


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
        return Files(below(modules.source_roots, snapshot.files), snapshot.digest)
    plain = await Get(
        SourceFiles,
        SourceFilesRequest(
            [target.get(SourcesField) for target in targets.closure],
            for_sources_types=(FileSourceField,),
        ),
    )
    folders = [address.spec_path for address in addresses]
    return Files(below(folders, plain.snapshot.files), plain.snapshot.digest)


def _values(field: AddressesField) -> tuple[str, ...]:
    value = field.value or ()
    return (value,) if isinstance(value, str) else tuple(value)


def below(folders: Iterable[str], files: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pair each file's path below the deepest folder that holds it with the path itself."""
    deepest_first = sorted(folders, key=len, reverse=True)

    def relative(path: str) -> str:
        folder = next(f for f in deepest_first if f in ("", ".") or path.startswith(f + "/"))
        return os.path.relpath(path, folder or ".")

    return tuple(sorted((relative(path), path) for path in files))


def rules() -> tuple[Rule, ...]:
    return tuple(collect_rules())
