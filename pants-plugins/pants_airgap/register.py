"""The entry point of the Pants plugin: its targets and rules."""

from pants_airgap import (
    build,
    host_facts,
    input_specs,
    model_spec,
    new_locks,
    output_specs,
    run,
    spec,
    subsystem,
)
from pants_airgap import target_types as kinds


def target_types() -> list:
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


def rules() -> list:
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
    ]
