"""The scripts that start Pants are clean by shellcheck."""

import os
import shutil
import subprocess

import pytest

from tests.launcher.conftest import REPOSITORY


def test_shellcheck_is_clean() -> None:
    if shutil.which("shellcheck") is None:
        if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
            pytest.fail("shellcheck is not installed")
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(
        ["shellcheck", "--external-sources", "--shell=bash", "pants", ".pants.bootstrap"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
