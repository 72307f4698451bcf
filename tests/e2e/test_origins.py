"""What is built does not tell of the machine: no folder of it, no registry from which it fetches.

The images are searched as they lie there, so that names, texts and byte-code in them count alike.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.e2e.bundle import built, dist

# What others wrote tells where to get it, so these are looked for in what is written here alone.
PUBLIC = re.compile(r"(?:pypi|python(?:hosted)|\bdebian|\bubuntu|npmjs)\.(?:org|com)\b")
# In these they build: Pants' sandboxes, the store, Pants' own place.
OURS = ("pants-sandbox-", "named_caches/", ".cache/airgap-pants")


@pytest.fixture(scope="module", params=["demo", "agentfabric_demo"])
def bundle(request: pytest.FixtureRequest) -> Path:
    name: str = request.param
    return built(name, f"bundles/{name}:")


def origins() -> Iterator[str]:
    """The hosts and folders from which this machine's pip and APT fetch, but for public ones."""
    settings = [*Path("/etc/apt").glob("sources.list*"), *Path("/etc/apt").glob("sources.list.d/*")]
    texts = [path.read_text() for path in settings if path.is_file()]
    command = [sys.executable, "-m", "pip", "config", "list"]
    texts.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    lines = (line.partition("#")[0] for text in texts for line in text.splitlines())
    for url in re.findall(r"\b(?:https?|file)://[^\s'\"]+", "\n".join(lines)):
        parts = urlsplit(url)
        # `/wheels` stands in many a text.
        if parts.hostname and not PUBLIC.search(parts.hostname):
            yield parts.hostname
        elif not parts.hostname and parts.path.rstrip("/").count("/") > 1:
            yield unquote(parts.path).rstrip("/")


def files_of(bundle: Path) -> list[Path]:
    """All files, each content once, without wheels: the image has what is in them, unpacked."""
    seen = {}
    for path in bundle.rglob("*"):
        if path.is_file() and path.suffix != ".whl":
            seen[path.stat().st_ino] = path
    receipt = Path(f"{bundle.name}.receipt")
    return [*sorted(seen.values()), *([receipt] if receipt.is_file() else [])]


def written_here(bundle: Path, path: Path) -> bool:
    """Whether this project writes what is in a file, and not the maker of a part."""
    relative = path.relative_to(bundle) if path.is_relative_to(bundle) else path
    if relative.match("image/blobs/sha256/*"):
        with path.open("rb") as blob:
            return blob.read(1) == b"{"
    # pex's own program is in a PEX.
    others = {"LICENSES", "models", ".bootstrap", "pex"}
    return not others.intersection(relative.parts) or path.name == "PEX-INFO"


def test_no_file_holds_a_folder_or_a_source_of_this_machine(bundle: Path) -> None:
    texts = {*OURS, str(dist().parent), *origins()}
    # grep, because it goes through the gigabytes of an image in seconds.
    found = subprocess.run(
        ["grep", "-aoFH", "-f", "-", "--", *files_of(bundle)],
        input="".join(f"{text}\n" for text in sorted(texts)).encode(),
        capture_output=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    assert (found.returncode, found.stderr) == (1, b""), sorted(set(found.stdout.splitlines()))


def test_what_is_written_here_names_no_registry_and_no_home(bundle: Path) -> None:
    home = re.escape(str(Path.home()))
    pattern = re.compile(rf"(?:{PUBLIC.pattern})|(?<![\w.]){home}/".encode())
    own = [path for path in files_of(bundle) if written_here(bundle, path)]
    assert {"MANIFEST", "sbom.cdx.json", "bundle.conf", "PEX-INFO"} <= {path.name for path in own}
    found = {str(path): pattern.findall(path.read_bytes()) for path in own}
    assert {path: texts for path, texts in found.items() if texts} == {}
