"""`./pants lint` for every file: none names a package registry or a folder of a machine.

Beside what all know, these are the registries and folders of the machine at work. Of APT's and
npm's settings only hosts are read, so that no password in them comes into Pants' store.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pants.backend.python.subsystems.repos import PythonRepos
from pants.base.build_root import BuildRoot
from pants.core.goals.lint import LintFilesRequest, LintResult
from pants.core.util_rules.partitions import Partitions
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.fs import DigestContents, PathGlobs
from pants.engine.process import Process, ProcessCacheScope, ProcessResult
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.option.option_types import SkipOption
from pants.option.subsystem import Subsystem

from pants_airgap.places import Places

_SETTINGS = r"""
cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/npmrc "$HOME/.npmrc" 2>/dev/null |
    sed -n 's,^[^#]*[a-z]://\([^/ @]*@\)\{0\,1\}\([^/ :]*\).*,\2,p' | sort -u
"""


class PlacesSubsystem(Subsystem):
    options_scope = "places"
    name = "places"
    help = "No file names the host of a package registry or a folder of a machine that builds."

    skip = SkipOption("lint")


class PlacesRequest(LintFilesRequest):
    # Pants says it of the option, but means its value.
    tool_subsystem = PlacesSubsystem  # type: ignore[assignment]


@rule
async def partition(
    request: PlacesRequest.PartitionRequest, places: PlacesSubsystem
) -> Partitions[str, Any]:
    return Partitions() if places.skip else Partitions.single_partition(request.files)


@rule
async def machine(repos: PythonRepos, build_root: BuildRoot) -> Places:
    env = await Get(EnvironmentVars, EnvironmentVarsRequest(["HOME", "npm_config_registry"]))
    settings = await Get(
        ProcessResult,
        Process(
            ["/bin/sh", "-c", _SETTINGS],
            env={"PATH": "/bin:/usr/bin", **env},
            description="Look where APT and npm fetch from",
            cache_scope=ProcessCacheScope.PER_SESSION,
        ),
    )
    indexes = [*repos.indexes, *repos.find_links, env.get("npm_config_registry", "")]
    hosts = {*settings.stdout.decode().split(), *(urlsplit(url).hostname for url in indexes)}
    local = {urlsplit(url).path.rstrip("/") for url in indexes if not urlsplit(url).hostname}
    return Places(filter(None, hosts), filter(None, {*local, build_root.path}))


@rule
async def lint(request: PlacesRequest.Batch[str, Any], places: Places) -> LintResult:
    contents = await Get(DigestContents, PathGlobs(request.elements))
    lines = [
        f"{file.path}:{found.line}: {found.place} is {found.kind}"
        for file in contents
        for found in places.find(file.content)
    ]
    stdout = "".join(f"{line}\n" for line in lines)
    return LintResult(1 if lines else 0, stdout, "", PlacesSubsystem.options_scope)


def rules() -> tuple[Rule, ...]:
    return (*collect_rules(), *PlacesRequest.rules())
