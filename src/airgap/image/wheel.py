"""Opens a wheel and says what an installer needs to know of it.

Source: "Binary distribution format" of the PyPA specifications (PEP 427 and later).
"""

import base64
import configparser
import csv
import email.parser
import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from airgap.errors import AirgapError
from airgap.image import inflate
from airgap.image.inflate import DAMAGE
from airgap.image.tar import fault_in_path

_LARGEST_READ = 1 << 26
"""Bytes of what is held as a whole: RECORD, a module."""

_HASHES = ("sha256", "sha384", "sha512")
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_ENTRY_POINT = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(\[.*\])?")


@dataclass(frozen=True)
class EntryPoint:
    """A command that calls ``module:attribute``."""

    name: str
    module: str
    attribute: str


@dataclass(frozen=True)
class WheelMember:
    """A file in a wheel that is to be installed.

    Attributes:
        path: Its name in the wheel.
        size: In bytes, uncompressed.
        digest: What RECORD says: ``sha256=<urlsafe base64>``.
        executable: Whether anyone may execute it.
    """

    path: str
    size: int
    digest: str
    executable: bool


class WheelFile:
    """A wheel whose table of contents has been checked; contents are checked as they are read.

    Attributes:
        name: Of the distribution, as in the file name.
        version: Likewise.
        metadata_folder: The ``.dist-info`` folder.
        members: All files, in the order of their paths, but RECORD and its signatures.
    """

    def __init__(self, filename: str, file: Path) -> None:
        """Open a wheel, reading its table of contents, WHEEL and RECORD.

        Args:
            filename: The wheel's own; ``file`` may be called anything.
            file: Where it is.

        Raises:
            AirgapError: It is no wheel of version 1, or holds anything that could be installed in
                more than one way or outside its place; all such entries are named.
        """
        self.filename = filename
        try:
            self.name, self.version = filename.removesuffix(".whl").split("-")[:2]
            self._file = open(file, "rb")  # noqa: SIM115 - closed by __exit__
        except ValueError as error:
            raise self.fault(str(error)) from error
        try:
            self._read_contents()
        except BaseException:
            self._file.close()
            raise

    def _read_contents(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self._file)
        except DAMAGE as error:
            raise self.fault(str(error)) from error
        files = [info for info in self._zip.infolist() if not info.filename.endswith("/")]
        self.metadata_folder = self._metadata_folder(files)
        wheel = email.parser.Parser().parsestr(self._text("WHEEL"))
        if not str(wheel["Wheel-Version"]).startswith("1."):
            raise self.fault(f"Wheel-Version {wheel['Wheel-Version']}", expected="1.x")
        self.members = self._members(files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    def fault(self, found: str, expected: str | None = None) -> AirgapError:
        """The error that says what is wrong with this wheel."""
        return AirgapError(
            "installing the wheel",
            self.filename,
            expected=expected,
            found=found,
            remedy="nothing was written; lock another build or version of this package",
        )

    def entry_points(self) -> list[EntryPoint]:
        """The commands that the wheel asks for, console and graphical, in its own order.

        Raises:
            AirgapError: One has a name or a target that no file or import can have.
        """
        if not any(m.path == f"{self.metadata_folder}/entry_points.txt" for m in self.members):
            return []
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[method-assign,assignment]
        found = []
        try:
            parser.read_string(self._text("entry_points.txt"))
        except configparser.Error as error:
            raise self.fault(f"entry_points.txt: {error}") from error
        for section in ("console_scripts", "gui_scripts"):
            for name, target in parser.items(section) if parser.has_section(section) else ():
                match = _ENTRY_POINT.fullmatch(target.strip())
                if match is None or "/" in name or fault_in_path(name):
                    raise self.fault(f"the entry point `{name} = {target}`")
                found.append(EntryPoint(name, match["module"], match["attribute"]))
        return found

    def chunks(self, member: WheelMember) -> Iterator[bytes]:
        """The member's bytes, in pieces of about a megabyte, hashed on the way.

        Raises:
            AirgapError: At the end, if they are not those of RECORD; or if the zip is damaged.
        """
        algorithm, _, expected = member.digest.partition("=")
        digest = hashlib.new(algorithm)
        try:
            for chunk in inflate.chunks(self._file, self._zip.getinfo(member.path)):
                digest.update(chunk)
                yield chunk
        except DAMAGE as error:
            raise self.fault(f"{member.path}: {error}") from error
        if (found := encoded_digest(digest.digest())) != expected:
            raise self.fault(f"{algorithm} {found} for {member.path}", f"{expected}, from RECORD")

    def read(self, member: WheelMember) -> bytes:
        """All of the member's bytes, of a script or a module; see `chunks`.

        Raises:
            AirgapError: Also where there are more than 64 MiB.
        """
        if member.size > _LARGEST_READ:
            raise self.fault(f"{member.size} bytes in {member.path}", f"at most {_LARGEST_READ}")
        return b"".join(self.chunks(member))

    def _metadata_folder(self, files: list[zipfile.ZipInfo]) -> str:
        tops = {info.filename.split("/", 1)[0] for info in files}
        found = sorted(top for top in tops if top.endswith(".dist-info"))
        if [_canonical(name.split("-")[0]) for name in found] != [_canonical(self.name)]:
            raise self.fault(
                f"{', '.join(found) or 'none'}", f"one folder {self.name}-{self.version}.dist-info"
            )
        return found[0]

    def _members(self, files: list[zipfile.ZipInfo]) -> list[WheelMember]:
        rows = self._record()
        ignored = {f"{self.metadata_folder}/{name}" for name in ("RECORD", *_SIGNATURES)}
        members: dict[str, WheelMember] = {}
        faults = []
        for info in files:
            path, mode = info.filename, info.external_attr >> 16
            digest = rows.get(path, "")
            if fault := fault_in_path(path):
                faults.append(f"{fault}: {path[:200]!r}")
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                faults.append(f"a link or device: {path!r}")
            elif path in members:
                faults.append(f"two files of one name: {path!r}")
            elif info.flag_bits & 1:
                faults.append(f"an encrypted file: {path!r}")
            elif path in ignored:
                continue
            elif digest.partition("=")[0] not in _HASHES:
                faults.append(f"no sha256 in RECORD for {path!r}")
            else:
                members[path] = WheelMember(path, info.file_size, digest, bool(mode & 0o111))
        if faults:
            raise self.fault("; ".join(sorted(faults)[:10]))
        return [members[path] for path in sorted(members)]

    def _record(self) -> dict[str, str]:
        """RECORD's digest of each path; a row without one says nothing."""
        try:
            table = csv.reader(io.StringIO(self._text("RECORD")), strict=True)
            rows = [(row[0], row[1]) for row in table if len(row) > 1]
        except csv.Error as error:
            raise self.fault(f"RECORD: {error}") from error
        digests = dict(rows)
        if twice := sorted(path for path, digest in rows if digests[path] != digest):
            raise self.fault(f"two hashes in RECORD for {twice[0]!r}")
        return digests

    def _text(self, name: str) -> str:
        try:
            info = self._zip.getinfo(f"{self.metadata_folder}/{name}")
            if info.file_size > _LARGEST_READ:
                raise ValueError(f"{info.file_size} bytes")
            return self._zip.read(info).decode()
        except (KeyError, *DAMAGE) as error:
            raise self.fault(f"{name}: {error}", f"a readable {name}") from error


def encoded_digest(digest: bytes) -> str:
    """A digest as RECORD writes it: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _canonical(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
