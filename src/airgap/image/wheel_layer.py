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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from airgap.image.bytecode import Compiler, pyc_path
from airgap.image.prefix import SITE_PACKAGES, Prefix
from airgap.image.tar import LayerTar
from airgap.image.wheel import WheelFile, WheelMember, encoded_digest

log = logging.getLogger(__name__)

INSTALLER = "airgap"

_AHEAD = 64
"""Files that are read before the byte-code of the first of them is waited for."""

Plan = dict[str, WheelMember]
"""A wheel's files by where they go, relative to the prefix, in the order of their paths there."""

Step = Callable[[LayerTar], None]


def write_wheel_layer(
    tar: LayerTar, wheels: Sequence[tuple[str, Path]], prefix: Prefix, compiler: Compiler
) -> None:
    """Install wheels into a layer.

    Reads and inflates each wheel once; holds at most 64 source files and their byte-code. Where two
    wheels have a file of one name, that of the later wheel is taken, as with other installers.

    Args:
        tar: The layer, which stays open.
        wheels: File name and file of each, in the order of installation.
        prefix: Where they go.
        compiler: Compiles each module under the prefix's ``site-packages``.

    Raises:
        AirgapError: A wheel is damaged, is not what its RECORD says, or holds a hostile entry.
    """
    with contextlib.ExitStack() as opened:
        plans = [
            (wheel, _plan(wheel, prefix))
            for wheel in (opened.enter_context(WheelFile(*wheel)) for wheel in wheels)
        ]
        owners = _owners(plans)
        for wheel, plan in plans:
            installation = _Installation(wheel, plan, owners, prefix, compiler)
            for step in _with_lead(installation.steps(), _AHEAD):
                step(tar)


def _plan(wheel: WheelFile, prefix: Prefix) -> Plan:
    plan: Plan = {}
    for member in wheel.members:
        path = prefix.destination(member.path, wheel.name)
        if path is None or path in plan:
            raise wheel.fault(f"a file without a place of its own: {member.path!r}")
        plan[path] = member
    plan.pop(f"{SITE_PACKAGES}/{wheel.metadata_folder}/INSTALLER", None)
    return dict(sorted(plan.items()))


def _owners(plans: Sequence[tuple[WheelFile, Plan]]) -> Mapping[str, WheelFile]:
    """Which wheel gives each path."""
    owners: dict[str, WheelFile] = {}
    digests: dict[str, str] = {}
    for wheel, plan in plans:
        for path, member in plan.items():
            if digests.get(path, member.digest) != member.digest:
                before = owners[path].filename
                log.warning("%s replaces a file of %s: %s", wheel.filename, before, path)
            owners[path] = wheel
            digests[path] = member.digest
    return owners


class _Installation:
    """One wheel on its way into the layer, and the RECORD that grows with it."""

    def __init__(
        self,
        wheel: WheelFile,
        plan: Plan,
        owners: Mapping[str, WheelFile],
        prefix: Prefix,
        compiler: Compiler,
    ) -> None:
        self._wheel = wheel
        self._plan = plan
        self._owners = owners
        self._prefix = prefix
        self._compiler = compiler
        self._rows: list[tuple[str, str, str]] = []

    def steps(self) -> Iterator[Step]:
        """The installation in steps; taking a step starts compiling, calling it writes."""
        entries = self._wheel.entry_points()
        commands = {f"bin/{entry.name}": self._prefix.command(entry) for entry in entries}
        ours = {pyc_path(path) for path in self._plan if _is_module(path)}
        for path, member in self._plan.items():
            if path not in commands and path not in ours:
                yield from self._file(path, member)
        for path, data in sorted(commands.items()):
            yield self._bytes(path, data, 0o755)
        metadata = f"{SITE_PACKAGES}/{self._wheel.metadata_folder}"
        yield self._bytes(f"{metadata}/INSTALLER", f"{INSTALLER}\n".encode())
        yield lambda tar: tar.file(f"{self._prefix.path}/{metadata}/RECORD", self._record(metadata))

    def _file(self, path: str, member: WheelMember) -> Iterator[Step]:
        if self._owners[path] is not self._wheel:
            self._rows.append((path, member.digest, str(member.size)))
        elif path.startswith("bin/") and "/scripts/" in member.path:
            yield self._bytes(path, self._prefix.script(self._wheel.read(member)), 0o755)
        elif _is_module(path):
            source = self._wheel.read(member)
            future = self._compiler.compile(f"/{self._prefix.path}/{path}", source)
            yield lambda tar: self._module(tar, path, member, source, future)
        else:
            yield lambda tar: self._stream(tar, path, member, self._wheel.chunks(member))

    def _module(
        self,
        tar: LayerTar,
        path: str,
        member: WheelMember,
        source: bytes,
        future: Future[bytes | None],
    ) -> None:
        self._stream(tar, path, member, (source,))
        if (code := future.result()) is not None:
            self._bytes(pyc_path(path), code)(tar)

    def _stream(
        self, tar: LayerTar, path: str, member: WheelMember, chunks: Iterable[bytes]
    ) -> None:
        self._rows.append((path, member.digest, str(member.size)))
        mode = 0o755 if member.executable else 0o644
        tar.stream(f"{self._prefix.path}/{path}", member.size, chunks, mode)

    def _bytes(self, path: str, data: bytes, mode: int = 0o644) -> Step:
        def step(tar: LayerTar) -> None:
            digest = encoded_digest(hashlib.sha256(data).digest())
            self._rows.append((path, f"sha256={digest}", str(len(data))))
            tar.file(f"{self._prefix.path}/{path}", data, mode)

        return step

    def _record(self, metadata: str) -> bytes:
        """RECORD as the specification of installed projects has it: relative to site-packages."""
        rows = [*self._rows, (f"{metadata}/RECORD", "", "")]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(sorted((_from_site_packages(path), *rest) for path, *rest in rows))
        return text.getvalue().encode("utf-8", "surrogateescape")


def _from_site_packages(path: str) -> str:
    inside = path.removeprefix(f"{SITE_PACKAGES}/")
    return inside if inside != path else f"../../../{path}"


def _is_module(path: str) -> bool:
    return path.startswith(f"{SITE_PACKAGES}/") and path.endswith(".py")


def _with_lead(steps: Iterator[Step], lead: int) -> Iterator[Step]:
    """The same steps, each after the ``lead`` next ones were taken."""
    waiting = collections.deque(itertools.islice(steps, lead))
    for step in steps:
        waiting.append(step)
        yield waiting.popleft()
    yield from waiting
