"""A small bundle cut into parts, and running the program that travels with them."""

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airgap.store import Blob, Store
from airgap.transport.contents import read_contents
from airgap.transport.parts import Header, cut, name, render
from airgap.transport.parts import Transfer as Sent
from airgap.transport.program import render_program
from airgap.transport.transfer import write_transfer
from tests.host.bundle import HOST
from tests.signals import reset_signals


@dataclass(frozen=True)
class Transfer:
    """A folder of parts, the bundle that they were cut from, and how to run their program."""

    bundle: Path
    out: Path
    shell: list[str]
    environ: dict[str, str]

    @property
    def parts(self) -> list[Path]:
        return sorted(self.out.glob("*.part"))

    @property
    def program(self) -> Path:
        return self.out / "airgap-parts"

    def run(self, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(arguments),
            cwd="/",
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        """Starts the program in a session of its own, so that all of it can be sent a signal."""
        return subprocess.Popen(
            self.command(arguments),
            cwd="/",
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=reset_signals,
            start_new_session=True,
        )

    def command(self, arguments: Sequence[str | Path]) -> list[str]:
        return [*self.shell, str(self.program), *map(str, arguments)]

    def fails(self, *arguments: str | Path, **environ: str) -> str:
        """Runs, expects exit code 1 and an error of this program, and returns what it said."""
        done = self.run(*arguments, **environ)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "airgap: " in done.stderr
        return done.stderr

    def receipt(self) -> list[str]:
        """The lines of the last receipt; its check code is right."""
        text = (self.out / "receipt.txt").read_text()
        above, check = text.rsplit("check ", 1)
        assert check == hashlib.sha256(above.encode()).hexdigest()[:8] + "\n"
        return above.splitlines()


def split(bundle: Path, out: Path, size: int, inventory: bytes = b"") -> None:
    """Cuts a bundle's folder into parts that are smaller than ``size``."""
    out.mkdir(parents=True, exist_ok=True)
    contents = read_contents(bundle)
    write_transfer(
        Store(out / "unused"),
        HOST.parents[1],
        contents,
        contents.tree,
        out,
        size,
        inventory=hashlib.sha256(inventory).hexdigest() if inventory else None,
    )


def write_parts(data: bytes, sent: Sent, out: Path, size: int) -> None:
    """Writes any stream as the parts of a transfer, with the program beside them."""
    out.mkdir(parents=True, exist_ok=True)
    way = cut(sent, size)
    slices = [data[way.start(n) : way.start(n) + way.length(n)] for n in range(1, way.count + 1)]
    blobs = tuple(Blob(hashlib.sha256(piece).hexdigest(), len(piece)) for piece in slices)
    for n, piece in enumerate(slices, start=1):
        top = render(Header(sent, way.header, n, blobs))
        (out / name(sent, n, way.count)).write_bytes(top + piece)
    (out / "airgap-parts").write_bytes(render_program(HOST))
