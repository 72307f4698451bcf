"""`./pants run` on a bundle: build the folder, serve it, and stop it at Ctrl-C."""

from __future__ import annotations

import os

from pants.base.build_root import BuildRoot
from pants.core.goals.package import BuiltPackage, EnvironmentAwarePackageRequest
from pants.core.goals.run import RunRequest
from pants.core.util_rules.distdir import DistDir
from pants.engine.fs import EMPTY_DIGEST
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.unions import UnionRule

from pants_airgap.output_specs import BundleFieldSet


@rule
async def run_bundle(
    field_set: BundleFieldSet, dist_dir: DistDir, build_root: BuildRoot
) -> RunRequest:
    # Making the bundle writes its folder; the package itself, a receipt, is not needed to serve.
    await Get(BuiltPackage, EnvironmentAwarePackageRequest(field_set))
    bundle = os.path.join(build_root.path, str(dist_dir.relpath), field_set.address.target_name)
    return RunRequest(digest=EMPTY_DIGEST, args=(os.path.join(bundle, "airgap"), "run"))


def rules() -> tuple[Rule | UnionRule, ...]:
    return (*collect_rules(), *BundleFieldSet.rules())
