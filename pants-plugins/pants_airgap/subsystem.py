"""Options of the plugin, and the tool that does its work."""

from __future__ import annotations

from dataclasses import dataclass

from pants.backend.python.target_types import (
    PexEntryPointField,
    ResolvedPexEntryPoint,
    ResolvePexEntryPointRequest,
)
from pants.backend.python.util_rules.pex import PexRequest, VenvPex
from pants.backend.python.util_rules.pex_from_targets import PexFromTargetsRequest
from pants.engine.addresses import Addresses, UnparsedAddressInputs
from pants.engine.env_vars import CompleteEnvironmentVars
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest
from pants.option.option_types import BoolOption, DictOption, StrListOption, StrOption
from pants.option.subsystem import Subsystem
from pants.util.frozendict import FrozenDict
from pants.util.strutil import help_text, softwrap

# What tells pip, git, APT's mirror and the tool where to fetch from on this machine. A lock says
# what is fetched, so none of it can change a result.
_PASSED = frozenset(
    """HOME XDG_CONFIG_HOME XDG_CACHE_HOME NETRC SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE
    CURL_CA_BUNDLE GIT_CONFIG_GLOBAL GIT_SSL_CAINFO HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
    http_proxy https_proxy all_proxy no_proxy""".split()
)
_PASSED_PREFIXES = ("PIP_", "AIRGAP_", "MODELSCOPE_")


class AirgapSubsystem(Subsystem):
    options_scope = "airgap"
    help = "Bundles that carry an application and all it needs to a host without internet."

    tool = StrOption(
        default="src/airgap:airgap",
        advanced=True,
        help="Address of the `pex_binary` that fetches, builds and writes the bundles.",
    )
    env_vars = StrListOption(
        default=[],
        help=softwrap(
            """
            Names of further environment variables that fetching needs on this machine. Passed
            already: HOME, those of pip (PIP_*), of ModelScope's client (MODELSCOPE_*), of proxies
            and certificates, where git's configuration is, and AIRGAP_*.
            """
        ),
    )
    locked = BoolOption(
        default=False,
        help=softwrap(
            """
            Refuse to build with a model that has no lock, instead of making one, and fail where a
            model cannot be had, instead of leaving it out. For CI, where nobody would commit the
            lock or read the warning.
            """
        ),
    )
    replace_models = DictOption[str](
        help=help_text(
            """
            Folders whose weights stand in for those of models, by the models' names, such as
            `{"qwen1_5_7b_chat": "/path/of/a/small/model"}`: for trying a bundle without gigabytes.
            Their hashes are computed and no lock is read or written; the bundle's conf
            (REPLACED_MODELS) and its receipt name the models.
            """
        ),
    )


@dataclass(frozen=True)
class AirgapTool:
    """The tool as Pants runs it, with the environment that it may see."""

    pex: VenvPex
    env: FrozenDict[str, str]


@rule
async def airgap_tool(subsystem: AirgapSubsystem, env: CompleteEnvironmentVars) -> AirgapTool:
    origin = "the option `[airgap].tool`"
    addresses = await Get(
        Addresses,
        UnparsedAddressInputs([subsystem.tool], owning_address=None, description_of_origin=origin),
    )
    wrapped = await Get(WrappedTarget, WrappedTargetRequest(addresses[0], origin))
    entry_point = await Get(
        ResolvedPexEntryPoint,
        ResolvePexEntryPointRequest(wrapped.target[PexEntryPointField]),
    )
    request = await Get(
        PexRequest,
        PexFromTargetsRequest(
            addresses,
            output_filename="airgap_tool.pex",
            internal_only=True,
            main=entry_point.val,
        ),
    )
    pex = await Get(VenvPex, PexRequest, request)
    wanted = _PASSED.union(subsystem.env_vars)
    # Sorted: to Pants a frozen dictionary in another order is another value, for which it starts
    # anew what it had begun; and the environment's order differs from session to session.
    passed = {k: env[k] for k in sorted(env) if k in wanted or k.startswith(_PASSED_PREFIXES)}
    return AirgapTool(pex, FrozenDict(passed))


def rules() -> tuple[Rule, ...]:
    return tuple(collect_rules())
