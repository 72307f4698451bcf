"""The entry point of the Pants plugin: its targets and rules."""

from __future__ import annotations

from pants.engine.rules import Rule
from pants.engine.target import Target
from pants.engine.unions import UnionRule

from pants_airgap import (
    build,
    host_facts,
    input_specs,
    model_spec,
    new_locks,
    output_specs,
    places_lint,
    ruff_format,
    run,
    shell_lint,
    spec,
    subsystem,
)
from pants_airgap import target_types as kinds


def target_types() -> list[type[Target]]:
    return [
        kinds.Wheelhouse,
        kinds.DebianPackages,
        kinds.Model,
        kinds.GitSource,
        kinds.HermeticPex,
        kinds.OciImage,
        kinds.ExportedAgent,
        kinds.AirgapBundle,
    ]


def rules() -> list[Rule | UnionRule]:
    return [
        *subsystem.rules(),
        *spec.rules(),
        *input_specs.rules(),
        *model_spec.rules(),
        *output_specs.rules(),
        *build.rules(),
        *new_locks.rules(),
        *run.rules(),
        *host_facts.rules(),
        *ruff_format.rules(),
        *shell_lint.rules(),
        *places_lint.rules(),
    ]
