"""Tests tagged `e2e` run again when the machine has got, or lost, what they need.

They are skipped where Docker or Chromium is missing, and Pants would serve that skip from its
cache for ever: nothing that it knows of has changed when Docker is installed. So each such test
gets a file that says what the machine has, made anew in every session.
"""

from __future__ import annotations

from dataclasses import dataclass

from pants.backend.python.goals.pytest_runner import PytestPluginSetup, PytestPluginSetupRequest
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.fs import CreateDigest, Digest, FileContent
from pants.engine.process import Process, ProcessCacheScope, ProcessResult
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import Tags, Target
from pants.engine.unions import UnionRule

# The folders beside PATH are those where tests/e2e/needs.py looks, too.
_FACTS = """
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
id -u
for name in chromium containerd curl docker dockerd ip iptables nsenter podman runc setpriv unshare
do
    command -v $name
done
unshare --net true && echo "network namespaces"
true
"""


@dataclass(frozen=True)
class HostFactsRequest(PytestPluginSetupRequest):
    @classmethod
    def is_applicable(cls, target: Target) -> bool:
        return "e2e" in (target[Tags].value or ())


@rule
async def host_facts(_: HostFactsRequest) -> PytestPluginSetup:
    env = await Get(EnvironmentVars, EnvironmentVarsRequest(["PATH"]))
    facts = await Get(
        ProcessResult,
        Process(
            ["/bin/sh", "-c", _FACTS],
            env=env,
            description="Look for Docker and Chromium",
            cache_scope=ProcessCacheScope.PER_SESSION,
        ),
    )
    return PytestPluginSetup(
        await Get(Digest, CreateDigest([FileContent(".host-facts", facts.stdout)]))
    )


def rules() -> tuple[Rule | UnionRule, ...]:
    return (*collect_rules(), UnionRule(PytestPluginSetupRequest, HostFactsRequest))
