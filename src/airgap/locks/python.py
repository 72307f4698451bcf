"""The lock of a stack: a requirements file with one wheel a line.

A line is what pip reads (name, version, one hash) and, in its comment, what pip has no place for:
the file name and size of the wheel. pip can install straight from it. Example::

    aiohttp==3.14.5 --hash=sha256:<hex>  # aiohttp-3.14.5-cp311-cp311-manylinux_2_28_x86_64.whl 17

A package that exists only as source names the sdist as well; the hash in front is still that of
the wheel, the one that must come out when the sdist is built::

    jieba==0.42.1 --hash=sha256:<hex>  # <wheel> <size> from <sdist> <size> sha256:<hex>

Names are normalised as PEP 503 says; file names follow the binary distribution format (PEP 427).
All wheels are for CPython 3.11 on Linux x86_64 with glibc.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airgap.locks.problems import Problems
from airgap.store import Blob


@dataclass(frozen=True, order=True)
class Sdist:
    """The source that a wheel is built from.

    Attributes:
        filename: ``jieba-0.42.1.tar.gz``
        blob: Size and sha256 of that file.
    """

    filename: str
    blob: Blob


@dataclass(frozen=True, order=True)
class Wheel:
    """One wheel of a stack.

    Attributes:
        name: The distribution's normalised name: ``markdown-it-py``.
        version: As in the lock: ``2.13.0+cpu``.
        filename: The wheel's own name: ``markdown_it_py-4.3.0-py3-none-any.whl``.
        blob: Size and sha256 of the wheel.
        sdist: What it is built from, where the index has no wheel.
    """

    name: str
    version: str
    filename: str
    blob: Blob
    sdist: Sdist | None = None

    @property
    def requirement(self) -> str:
        """The line for pip, without the comment: ``name==version --hash=sha256:<hex>``."""
        return f"{self.name}=={self.version} --hash=sha256:{self.blob.sha256}"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


_LINE = re.compile(
    r"(?P<name>[^\s=]+)==(?P<version>\S+) --hash=sha256:(?P<sha256>\S+)"
    r"  # (?P<filename>\S+) (?P<size>[0-9]{1,15})"
    r"(?: from (?P<sdist>\S+) (?P<sdist_size>[0-9]{1,15}) sha256:(?P<sdist_sha256>\S+))?"
)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VERSION = re.compile(r"[a-z0-9][a-z0-9.!+]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# No slash, backslash, space or leading dot can pass, so a file name is never a path.
_WHEEL = re.compile(
    r"(?P<name>\w[\w.]*)-(?P<version>\w[\w.!+]*)(-[0-9]\w*)?"
    r"-(?P<python>[\w.]+)-(?P<abi>[\w.]+)-(?P<platform>[\w.]+)\.whl",
    re.ASCII,
)
_SDIST = re.compile(
    r"(?P<name>\w[\w.-]*)-(?P<version>\w[\w.!+]*)\.(tar\.gz|tar\.bz2|zip)", re.ASCII
)
_PLATFORM = re.compile(r"any|linux_x86_64|manylinux(1|2010|2014|_2_[0-9]+)_x86_64")


def parse(text: str, origin: str) -> tuple[Wheel, ...]:
    """Read a stack lock, sorted by name. ``origin`` is the file's name, for messages.

    Raises:
        AirgapError: With every problem of the file and its line number.
    """
    problems = Problems(origin)
    wheels: dict[str, Wheel] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            problems.add(
                number,
                "not `name==version --hash=sha256:<hex>  # <wheel> <bytes>`: "
                + (repr(line) if len(line) < 200 else repr(line[:200]) + " …"),
            )
            continue
        found = list(_problems_of(match))
        for problem in found:
            problems.add(number, problem)
        if match["name"] in wheels:
            problems.add(number, f"`{match['name']}` is locked twice")
        if not found:
            wheels[match["name"]] = _wheel(match)
    problems.check(
        "one wheel for CPython 3.11 on Linux x86_64 a line, each name once",
        "make the lock anew from its `.in` file, or undo the edit",
    )
    return tuple(wheels[name] for name in sorted(wheels))


def render(wheels: Iterable[Wheel], heading: str = "") -> str:
    """The text of a lock; ``heading`` becomes comment lines at its top."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    for wheel in sorted(wheels):
        line = f"{wheel.requirement}  # {wheel.filename} {wheel.blob.size}"
        if wheel.sdist is not None:
            sdist = wheel.sdist
            line += f" from {sdist.filename} {sdist.blob.size} sha256:{sdist.blob.sha256}"
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def normalise(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _wheel(match: re.Match[str]) -> Wheel:
    sdist = None
    if match["sdist"]:
        sdist = Sdist(match["sdist"], Blob(match["sdist_sha256"], int(match["sdist_size"])))
    blob = Blob(match["sha256"], int(match["size"]))
    return Wheel(match["name"], match["version"], match["filename"], blob, sdist)


def problems_of_wheel(name: str, version: str, filename: str) -> Iterator[str]:
    """What speaks against these three naming one wheel for CPython 3.11 on Linux x86_64."""
    if not _NAME.fullmatch(name):
        yield f"not a normalised name: `{name}`"
    if not _VERSION.fullmatch(version):
        yield f"not a normalised version: `{version}`"
    wheel = _WHEEL.fullmatch(filename)
    if wheel is None:
        yield f"not a wheel's file name: `{filename}`"
        return
    if not _names(wheel, name, version):
        yield f"`{filename}` is not a file of {name} {version}"
    if not _runs_here(wheel):
        yield f"not a wheel for CPython 3.11 on Linux x86_64: `{filename}`"


def _problems_of(line: re.Match[str]) -> Iterator[str]:
    for group in ("sha256", "sdist_sha256"):
        if line[group] is not None and not _SHA256.fullmatch(line[group]):
            yield f"not a sha256 in 64 lower-case hex digits: `{line[group]}`"
    yield from problems_of_wheel(line["name"], line["version"], line["filename"])
    if line["sdist"] is not None:
        sdist = _SDIST.fullmatch(line["sdist"])
        if sdist is None:
            yield f"not a source archive's file name: `{line['sdist']}`"
        elif not _names(sdist, line["name"], line["version"]):
            yield f"`{line['sdist']}` is not a file of {line['name']} {line['version']}"


def _names(file: re.Match[str], name: str, version: str) -> bool:
    return normalise(file["name"]) == name and _same(file["version"], version)


def _same(left: str, right: str) -> bool:
    """Whether two versions are equal as PEP 440 compares them (``1.0`` and ``1.0.0`` are)."""
    if left == right:
        return True
    # Imported here because nearly all file names spell the version as the lock does.
    from packaging.version import Version

    try:
        # An old escape of the binary distribution format writes `+` as `_`.
        return Version(left.replace("_", "+", 1)) == Version(right)
    except ValueError:  # not a version, or one of thousands of digits
        return False


def _runs_here(wheel: re.Match[str]) -> bool:
    platforms = wheel["platform"].split(".")
    if not any(map(_PLATFORM.fullmatch, platforms)):
        return False
    for python in wheel["python"].split("."):
        number = re.fullmatch(r"(py|cp)3([0-9]{0,3})", python)
        if number is None or (number[2] and int(number[2]) > 11):
            continue
        if (
            number[1] == "py"
            or number[2] == "11"
            or "abi3" in wheel["abi"]
            or wheel["abi"] == "none"
        ):
            return True
    return False
