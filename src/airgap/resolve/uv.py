"""Runs ``uv pip compile`` with the indexes, proxies and certificates of pip's configuration."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airgap.errors import AirgapError
from airgap.fetch import pip
from airgap.fetch.wheels import PYTORCH_CPU
from airgap.resolve.stack_input import StackInput

if TYPE_CHECKING:
    from packaging.tags import Tag

PYTHON = "3.11"
GLIBC = 36
"""The minor version of glibc 2 on Debian bookworm."""


def compile_stack(stack: StackInput, work: Path) -> list[dict[str, Any]]:
    """The packages that fit, as the ``packages`` of a pylock file (PEP 751).

    Costs metadata downloads only, but uv builds an sdist whose metadata is not static.

    Raises:
        AirgapError: Nothing fits, or an index does not answer.
    """
    (work / "stack.in").write_text("".join(f"{line}\n" for line in stack.requirements))
    (work / "excludes").write_text("".join(f"{name}\n" for name in sorted(stack.excludes)))
    output = work / "pylock.toml"
    command = [
        *(_uv(), "pip", "compile", "stack.in", "--excludes=excludes", "--quiet"),
        *(f"--output-file={output.name}", "--format=pylock.toml", "--no-header", "--no-config"),
        # The running Python is the one that builds sdists for their metadata.
        *(f"--python={sys.executable}", f"--python-version={PYTHON}"),
        f"--python-platform=x86_64-manylinux_2_{GLIBC}",
        # As pip does: every index counts, and the order of their naming does not.
        "--index-strategy=unsafe-best-match",
    ]
    if stack.cutoff is not None:
        command.append(f"--exclude-newer={stack.cutoff}")
    for name, cutoff in sorted(stack.cutoffs.items()):
        command.append(f"--exclude-newer-package={name}={cutoff or 'false'}")
    environment = {**_without_uv_settings(), **_from_pip(_pip_config())}
    ran = _run(command, work, environment)
    if ran.returncode != 0 and (pages := _pytorch_pages(stack)):
        links = ",".join(filter(None, [environment.get("UV_FIND_LINKS"), *pages]))
        second = _run(command, work, {**environment, "UV_FIND_LINKS": links})
        # Where PyTorch's index cannot be had either, the first answer says more.
        ran = second if second.returncode == 0 else ran
    if ran.returncode != 0:
        said = [line for line in ran.stderr.splitlines() if not line.startswith("warning:")]
        raise AirgapError(
            "resolving",
            ", ".join(stack.requirements),
            found=("\n" + " " * 12).join(said[-30:]),
            remedy="change the requirements or a cut-off; `# cutoff NAME: none` lifts one",
        )
    packages: list[dict[str, Any]] = tomllib.loads(output.read_text())["packages"]
    return packages


def tag_ranks() -> dict["Tag", int]:
    """The tags of wheels that install where the stacks run, with 0 for the most specific."""
    from packaging.tags import compatible_tags, cpython_tags

    newest_first = range(GLIBC, 4, -1)
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in newest_first]
    platforms += [f"manylinux{year}_x86_64" for year in ("2014", "2010", "1")] + ["linux_x86_64"]
    version = (3, 11)
    tags = [
        *cpython_tags(version, ["cp311"], platforms),
        *compatible_tags(version, "cp311", platforms),
    ]
    return {tag: rank for rank, tag in enumerate(tags)}


def _run(
    command: list[str], work: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=work, env=environment, capture_output=True, text=True, check=False
    )


def _uv() -> str:
    beside = sysconfig.get_path("scripts")
    found = shutil.which("uv", path=beside) or shutil.which("uv")
    if found is None:
        raise AirgapError(
            "looking for",
            "uv",
            expected=f"the program uv in {beside} or on the PATH",
            found="none",
            remedy="install it: pip install uv",
        )
    return found


def _pytorch_pages(stack: StackInput) -> list[str]:
    """PyTorch's pages of those packages that are wanted in a build for the CPU."""
    pinned = (line.partition("==") for line in stack.requirements)
    return [f"{PYTORCH_CPU}/{name}/" for name, _, version in pinned if version.endswith("+cpu")]


def _pip_config() -> dict[str, str]:
    """pip's settings by option; its environment goes before its files."""
    listed = subprocess.run(
        [sys.executable, str(pip.home()), "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    settings: dict[str, str] = {}
    for section in ("global", "download", ":env:"):
        for line in listed.stdout.splitlines():
            key, equals, value = line.partition("=")
            if equals and key.startswith(f"{section}."):
                settings[key.removeprefix(f"{section}.")] = ast.literal_eval(value)
    return settings


def _without_uv_settings() -> dict[str, str]:
    """This process's environment, without what would make uv choose otherwise than the input."""
    kept = ("UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_NATIVE_TLS", "UV_KEYRING_PROVIDER")
    return {k: v for k, v in os.environ.items() if k in kept or not k.startswith("UV_")}


def _from_pip(settings: Mapping[str, str]) -> dict[str, str]:
    """uv's variables for pip's settings. pip parts lists by white space, uv by commas."""
    variables = {
        "UV_DEFAULT_INDEX": settings.get("index-url"),
        "UV_INDEX": settings.get("extra-index-url"),
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        "UV_INSECURE_HOST": settings.get("trusted-host"),
        "UV_NO_INDEX": "1" if settings.get("no-index") in ("1", "true", "yes", "on") else None,
        "SSL_CERT_FILE": settings.get("cert"),
        "HTTP_PROXY": settings.get("proxy"),
        "HTTPS_PROXY": settings.get("proxy"),
    }
    return {name: value for name, value in variables.items() if value}
