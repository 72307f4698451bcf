"""What the launcher and Pants are pinned to fits together, and names no place to fetch from."""

import hashlib
import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.launcher.conftest import REPOSITORY

PYTHON_LOCKS = REPOSITORY / "third_party/python"
TOML = tomllib.loads((REPOSITORY / "pants.toml").read_text())


def pinned(lock: str, package: str) -> set[str]:
    """The versions of a package in a lock; more than one where they differ by Python."""
    text = (PYTHON_LOCKS / f"{lock}.lock").read_text()
    return set(re.findall(rf"^{re.escape(package)}==([^ ;]+)", text, re.MULTILINE))


def test_one_pants_everywhere() -> None:
    version = {TOML["GLOBAL"]["pants_version"]}
    assert pinned("pants", "pantsbuild-pants") == pinned("plugin", "pantsbuild-pants") == version


def test_one_pex_everywhere() -> None:
    version = {TOML["pex-cli"]["version"]}
    assert pinned("pants-pex", "pex") == pinned("tools", "pex") == version


def test_one_uv_everywhere() -> None:
    assert pinned("pants-uv", "uv") == pinned("tools", "uv")


@pytest.mark.parametrize("lock", ["tools", "plugin"])
def test_pytest_is_the_same_in_each_resolve_that_pants_mixes(lock: str) -> None:
    for package in ("pytest", "pluggy", "packaging", "iniconfig"):
        assert pinned(lock, package) <= pinned("pytest", package)


def test_the_pex_cli_that_was_built_has_the_pinned_bytes() -> None:
    version, _, sha256, size = TOML["pex-cli"]["known_versions"][0].split("|")
    built = Path(os.environ.get("ROOT", REPOSITORY), ".bootstrap", f"pex-{version}").read_bytes()
    assert (hashlib.sha256(built).hexdigest(), len(built)) == (sha256, int(size))


@pytest.mark.parametrize(
    "path",
    [*PYTHON_LOCKS.glob("*.lock"), *PYTHON_LOCKS.glob("*.in"), REPOSITORY / "pants.toml"],
    ids=lambda path: path.name,
)
def test_no_host_is_named(path: Path) -> None:
    assert not re.search(r"\w://|^\s*--?(i|f|index|extra|find)", path.read_text(), re.MULTILINE)
