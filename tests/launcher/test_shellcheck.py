"""The scripts that start Pants and the checks are clean by shellcheck."""

import os
import shutil
import subprocess

import pytest

from tests.launcher.conftest import REPOSITORY


@pytest.mark.parametrize("script", ["pants", ".pants.bootstrap", ".ci/run"])
def test_shellcheck_is_clean(script: str) -> None:
    if shutil.which("shellcheck") is None:
        if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
            pytest.fail("shellcheck is not installed")
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(
        ["shellcheck", "--shell=bash", REPOSITORY / script], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
