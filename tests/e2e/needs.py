"""What these tests need of the machine: without it they are skipped, or fail where CI says so."""

import os
import shutil
import sys
from typing import NoReturn

import pytest

# Daemons and iptables lie in folders that an ordinary user's PATH may lack.
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(reason: str) -> NoReturn:
    """Skips the test, or fails it where AIRGAP_E2E_REQUIRED=1 says that nothing may be missing."""
    if os.environ.get("AIRGAP_E2E_REQUIRED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """The path of a program of this machine."""
    return shutil.which(name, path=PATH) or missing(f"`{name}` is not installed")


def root() -> None:
    if os.geteuid() != 0:
        missing("only root can start a Docker daemon")


def python311() -> str:
    """Debian's own where there is one, because on it nothing else is installed."""
    for path in ("/usr/bin/python3.11", sys.executable):
        if os.access(path, os.X_OK):
            return path
    missing("there is no Python 3.11")
