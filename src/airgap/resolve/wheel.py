"""Fetches a release of which no hash is known yet, so that a lock can name it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from airgap.errors import AirgapError
from airgap.locks.python import Wheel, normalise
from airgap.store import Store


def fetch_release(requirement: str, folder: Path, store: Store) -> Wheel:
    """Bring the wheel of ``name==version`` into the store, whatever its hash is.

    Args:
        folder: Gets the file for as long as it is on its way.

    Raises:
        AirgapError: No index has it as a wheel.
    """
    pip = importlib.util.find_spec("pip")
    assert pip is not None and pip.origin is not None, "pip is a requirement of this program"
    # As fetching from a lock does, but there is no hash yet to ask for.
    done = subprocess.run(
        [
            *(sys.executable, str(Path(pip.origin).parent), "download"),
            *("--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"),
            *("--no-deps", "--only-binary=:all:", "--python-version=3.11"),
            *("--platform=manylinux2014_x86_64", f"--dest={folder}", requirement),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise AirgapError(
            "fetching the wheel",
            requirement,
            found="pip failed: " + "\n            ".join(done.stdout.strip().splitlines()[-8:]),
            remedy="see `pip config list`: name an index that has this version",
        )
    filename = wheels[0].name
    name, _, version = requirement.partition("==")
    return Wheel(normalise(name), version, filename, store.add(wheels[0]))
