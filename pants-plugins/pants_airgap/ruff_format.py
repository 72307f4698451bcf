"""`./pants fmt` by `ruff format`; Pants' own backend knows only what ruff finds fault with."""

from __future__ import annotations

from pants.backend.python.lint.ruff.subsystem import Ruff, RuffFieldSet
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.core.goals.fmt import FmtResult, FmtTargetsRequest
from pants.core.util_rules.config_files import ConfigFiles, ConfigFilesRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.engine.fs import Digest, MergeDigests
from pants.engine.process import ProcessResult
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.util.meta import classproperty
from pants.util.strutil import pluralize


class RuffFormatRequest(FmtTargetsRequest):
    field_set_type = RuffFieldSet
    tool_subsystem = Ruff  # type: ignore[assignment]
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION

    @classproperty
    def tool_name(cls) -> str:
        return "ruff format"


@rule
async def ruff_format(request: RuffFormatRequest.Batch, ruff: Ruff) -> FmtResult:
    pex, config = await MultiGet(
        Get(VenvPex, PexRequest, ruff.to_pex_request()),
        Get(ConfigFiles, ConfigFilesRequest, ruff.config_request(request.snapshot.dirs)),
    )
    result = await Get(
        ProcessResult,
        VenvPexProcess(
            pex,
            argv=("format", "--quiet", *request.files),
            input_digest=await Get(
                Digest, MergeDigests((request.snapshot.digest, config.snapshot.digest))
            ),
            output_files=request.files,
            description=f"Run ruff format on {pluralize(len(request.files), 'file')}",
        ),
    )
    return await FmtResult.create(request, result)


def rules() -> tuple[Rule, ...]:
    return (*collect_rules(), *RuffFormatRequest.rules())
