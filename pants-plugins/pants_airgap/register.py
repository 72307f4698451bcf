"""The entry point of the Pants plugin: its targets and rules."""

from pants_airgap import build, host_facts, new_locks, run, spec, subsystem
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
        *build.rules(),
        *new_locks.rules(),
        *run.rules(),
        *host_facts.rules(),
    ]
