"""Makes a layer of installed wheels straight from the .whl files.

An installer would write files, then compile, then list them in RECORD; here the same files go into
the tar as they come out of the zip: each byte is inflated, hashed for RECORD and for the layer, and
written, once.
"""

import collections
import contextlib
import csv
import hashlib
import io
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from airgap.image.bytecode import ByteCode, Compiler, pyc_path
from airgap.image.prefix import SITE_PACKAGES, Prefix
from airgap.image.tar import LayerTar
from airgap.image.wheel import EntryPoint, WheelFile, WheelMember, encoded_digest

log = logging.getLogger(__name__)

INSTALLER = "airgap"

_AHEAD = 256
"""Files that are read before the byte-code of the first of them is waited for."""

_SMALL = 1 << 16
"""Bytes of a file up to which it is written at once instead of in pieces."""

Step = Callable[[LayerTar], None]


@dataclass(frozen=True)
class _Plan:
    """What a wheel puts where, relative to the prefix."""

    wheel: WheelFile
    files: Mapping[str, WheelMember]
    commands: Mapping[str, EntryPoint]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.files.keys() | self.commands.keys()))


def write_wheel_layer(
    tar: LayerTar,
    wheels: Sequence[tuple[str, Path]],
    prefixes: Sequence[Prefix],
    compiler: Compiler,
) -> None:
    """Install wheels into a layer.

    Reads and inflates each wheel once; holds at most 256 source files and their byte-code. Where
    two wheels have a file of one name, that of the later wheel is taken, as with other installers.

    Args:
        tar: The layer, which stays open.
        wheels: File name and file of each, in the order of installation.
        prefixes: Where they go; files of the second and later ones are hard links to the first's.
        compiler: Compiles the modules under the first prefix's ``site-packages``, those in folders
            called ``tests`` excepted.

    Raises:
        AirgapError: A wheel is damaged, is not what its RECORD says, or holds a hostile entry.
    """
    first, *others = prefixes
    with contextlib.ExitStack() as opened:
        plans = [_plan(opened.enter_context(WheelFile(*wheel)), first) for wheel in wheels]
        owners = _owners(plans)
        for plan in plans:
            installation = _Installation(plan, owners, first, compiler)
            for step in _with_lead(installation.steps(), _AHEAD):
                step(tar)
            for prefix in others:
                installation.repeat(tar, prefix)


def _plan(wheel: WheelFile, prefix: Prefix) -> _Plan:
    files: dict[str, WheelMember] = {}
    for member in wheel.members:
        path = prefix.destination(member.path, wheel.name)
        if path is None or path in files:
            raise wheel.fault(f"a file without a place of its own: {member.path!r}")
        files[path] = member
    commands = {f"bin/{entry.name}": entry for entry in wheel.entry_points()}
    # An installer's own work goes before what a wheel brings of it.
    made = {f"{SITE_PACKAGES}/{wheel.metadata_folder}/INSTALLER", *commands}
    made |= {pyc_path(path) for path in files if _is_module(path)}
    return _Plan(wheel, {p: member for p, member in files.items() if p not in made}, commands)


def _owners(plans: Sequence[_Plan]) -> Mapping[str, _Plan]:
    """Which wheel gives each path."""
    owners: dict[str, _Plan] = {}
    contents: dict[str, object] = {}
    for plan in plans:
        for path in plan:
            content = plan.commands.get(path) or plan.files[path].digest
            if contents.get(path, content) != content:
                replaced = owners[path].wheel.filename
                log.warning("%s replaces a file of %s: %s", plan.wheel.filename, replaced, path)
            owners[path] = plan
            contents[path] = content
    return owners


class _Installation:
    """One wheel on its way into the layer, and the RECORD that grows with it."""

    def __init__(
        self, plan: _Plan, owners: Mapping[str, _Plan], prefix: Prefix, compiler: Compiler
    ) -> None:
        self._plan = plan
        self._owners = owners
        self._prefix = prefix
        self._compiler = compiler
        self._metadata = f"{SITE_PACKAGES}/{plan.wheel.metadata_folder}"
        self._rows: dict[str, tuple[str, str]] = {}

    def steps(self) -> Iterator[Step]:
        """The installation in steps; taking a step starts compiling, calling it writes."""
        for path in self._plan:
            if (data := self._rewritten(path)) is not None:
                yield partial(self._bytes, path, data, mode=0o755)
            elif _is_compiled(path) and self._owns(path):
                source = self._plan.wheel.read(self._plan.files[path])
                code = self._compiler.compile(f"/{self._prefix.path}/{path}", source)
                yield partial(self._module, path, source, code)
            else:
                yield partial(self._stream, path)
        yield partial(self._bytes, f"{self._metadata}/INSTALLER", f"{INSTALLER}\n".encode())
        yield self._record

    def repeat(self, tar: LayerTar, prefix: Prefix) -> None:
        """Install the wheel once more, after its steps; writes only what names the prefix.

        An import corrects the paths in byte-code that was compiled for another folder.
        """
        again = _Installation(self._plan, self._owners, prefix, self._compiler)
        for path, row in self._rows.items():
            if (data := again._rewritten(path)) is not None:
                again._bytes(path, data, tar, mode=0o755)
            elif path != f"{self._metadata}/RECORD":
                again._rows[path] = row
                if self._owns(path):
                    tar.hardlink(f"{prefix.path}/{path}", f"{self._prefix.path}/{path}")
        again._record(tar)

    def _owns(self, path: str) -> bool:
        return self._owners.get(path, self._plan) is self._plan

    def _rewritten(self, path: str) -> bytes | None:
        """The contents of a script, which names the interpreter."""
        if entry := self._plan.commands.get(path):
            return self._prefix.command(entry)
        member = self._plan.files.get(path)
        if member is not None and path.startswith("bin/") and "/scripts/" in member.path:
            return self._prefix.script(self._plan.wheel.read(member))
        return None

    def _module(self, path: str, source: bytes, compiled: ByteCode, tar: LayerTar) -> None:
        self._stream(path, tar, source)
        if (code := compiled.result()) is not None:
            self._bytes(pyc_path(path), code, tar)

    def _stream(self, path: str, tar: LayerTar, data: bytes | None = None) -> None:
        member = self._plan.files[path]
        self._rows[path] = (member.digest, str(member.size))
        if self._owns(path):
            mode = 0o755 if member.executable else 0o644
            place = f"{self._prefix.path}/{path}"
            if data is None and member.size <= _SMALL:
                data = self._plan.wheel.read(member)
            if data is None:
                tar.stream(place, member.size, self._plan.wheel.chunks(member), mode)
            else:
                tar.file(place, data, mode)

    def _bytes(self, path: str, data: bytes, tar: LayerTar, mode: int = 0o644) -> None:
        digest = encoded_digest(hashlib.sha256(data).digest())
        self._rows[path] = (f"sha256={digest}", str(len(data)))
        if self._owns(path):
            tar.file(f"{self._prefix.path}/{path}", data, mode)

    def _record(self, tar: LayerTar) -> None:
        """Write RECORD as the specification of installed projects has it."""
        path = f"{self._metadata}/RECORD"
        rows = {**self._rows, path: ("", "")}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(sorted((_from_site_packages(p), *row) for p, row in rows.items()))
        tar.file(f"{self._prefix.path}/{path}", text.getvalue().encode("utf-8", "surrogateescape"))


def _from_site_packages(path: str) -> str:
    inside = path.removeprefix(f"{SITE_PACKAGES}/")
    return inside if inside != path else f"../../../{path}"


def _is_module(path: str) -> bool:
    return path.startswith(f"{SITE_PACKAGES}/") and path.endswith(".py")


def _is_compiled(path: str) -> bool:
    """Whether byte-code is made of a file: of modules, but not of a package's own tests.

    Those are an eighth of all source, and nothing that is served imports them; one that is imported
    all the same is compiled then.
    """
    return _is_module(path) and "tests" not in path.split("/")[:-1]


def _with_lead(steps: Iterator[Step], lead: int) -> Iterator[Step]:
    """The same steps, each after the ``lead`` next ones were taken."""
    waiting = collections.deque(itertools.islice(steps, lead))
    for step in steps:
        waiting.append(step)
        yield waiting.popleft()
    yield from waiting
