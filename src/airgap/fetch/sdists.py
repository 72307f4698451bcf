"""Builds, once, the wheel of a package that exists only as source; the lock knows what comes out.

The build sees no network, no compiler, none of this machine's packages and none of its settings:
only the interpreter's standard library and the locked wheels of the build backends. What it gives
is packed anew, so the wheel depends on neither machine, user, folder nor day. A build that asks for
the network fails, whatever it makes of the refusal.
"""

import contextlib
import inspect
import os
import subprocess
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from airgap.errors import AirgapError
from airgap.fetch import no_network, pip
from airgap.fetch.progress import Progress
from airgap.fetch.wheels import fetch_wheels
from airgap.locks.python import Sdist, Wheel
from airgap.store import BLOB_MTIME, Blob, Recipe, Store

_VERSION = 1
"""Of the recipe; raised when the same source gives another wheel than before."""


def build_wheels(
    store: Store, wheels: Sequence[Wheel], backends: Sequence[Wheel], progress: Progress
) -> None:
    """Bring into the store wheels that have to be built; their sdists are fetched first.

    Raises:
        AirgapError: A source cannot be had or built, or another wheel comes out than is locked.
    """
    progress.expect(len(wheels), sum(wheel.blob.size for wheel in wheels))
    fetch_wheels(store, backends, progress)
    for wheel in wheels:
        assert wheel.sdist is not None
        with store.lock(wheel.blob.sha256):
            if not store.has(wheel.blob):
                progress.begin(str(wheel), wheel.blob.size)
                fetch_sdist(store, wheel.name, wheel.version, wheel.sdist, backends)
                filename, blob = build(store, wheel.sdist, backends)
                if (filename, blob) != (wheel.filename, wheel.blob):
                    raise AirgapError(
                        "building the wheel",
                        str(wheel),
                        expected=f"{wheel.filename}, {wheel.blob}",
                        found=f"{filename}, {blob}",
                        remedy="make the lock anew and look at what changes in it",
                    )
            progress.end(str(wheel), wheel.blob.size)


def fetch_sdist(
    store: Store, name: str, version: str, sdist: Sdist, backends: Sequence[Wheel]
) -> Sdist:
    """Bring a source archive into the store, with pip.

    The backends are in the store already. A size of 0 means that it is not known; the sdist that
    is returned has it.

    Raises:
        AirgapError: No index has it, or it is another than the lock says.
    """
    if sdist.blob.size and store.has(sdist.blob):
        return sdist
    with store.workdir() as work, _asking_nothing(work, sdist.filename):
        # pip asks the backend for the metadata of what it downloads.
        python = _environment(store, backends, work)
        requirement = f"{name}=={version} --hash=sha256:{sdist.blob.sha256}"
        try:
            arguments = ["--no-binary=:all:", "--no-build-isolation"]
            pip.download([requirement], work, arguments, python=python)
        except pip.NotFoundError as error:
            raise AirgapError(
                "fetching the source",
                f"{name} {version}",
                expected=f"{sdist.filename} ({sdist.blob})",
                found=f"no index of pip's configuration has it; it has {error.found}",
                remedy="see `pip config list`, or make the lock anew",
            ) from error
        except pip.UnreachableError as error:
            raise error.naming(
                "fetching the source", f"{name} {version}", f"{sdist.filename} ({sdist.blob})"
            ) from error
        (path,) = (work / "wheels").iterdir()
        expected = sdist.blob if sdist.blob.size else None
        blob = store.add(path, expected, doing="fetching the source", subject=sdist.filename)
    return Sdist(sdist.filename, blob)


def build(store: Store, sdist: Sdist, backends: Sequence[Wheel]) -> tuple[str, Blob]:
    """The file name and identity of the wheel that a source gives; both are in the store after.

    Costs a few seconds for a small package; what was built before is not built again.

    Raises:
        AirgapError: The build fails.
    """
    inputs = {
        "sdist": sdist.blob.sha256,
        "backends": sorted(backend.blob.sha256 for backend in backends),
        "python": "3.11",
    }
    recipe = Recipe("wheel-from-sdist", _VERSION, inputs)
    if (known := store.result(recipe)) is not None:
        ((filename, blob),) = known.items()
        return filename, blob
    with store.workdir() as work, _asking_nothing(work, sdist.filename):
        python = _environment(store, backends, work)
        source = work / sdist.filename
        store.link(sdist.blob, source)
        built = _run_backend(python, source, work)
        packed = work / "packed.whl"
        _pack_anew(built, packed)
        blob = store.add(packed, doing="building the wheel", subject=sdist.filename)
    store.record(recipe, {built.name: blob})
    return built.name, blob


def _environment(store: Store, backends: Sequence[Wheel], work: Path) -> Path:
    """The interpreter of a new virtual environment that holds the backends and no way out."""
    folder = work / "environment"
    venv.create(folder, symlinks=True)
    packages = folder / "lib" / "python3.11" / "site-packages"
    for backend in backends:
        with ZipFile(store.path(backend.blob)) as archive:
            archive.extractall(packages)
    (packages / "no_network.py").write_text(inspect.getsource(no_network))
    (packages / "no_network.pth").write_text("import no_network\n")
    return folder / "bin" / "python"


@contextlib.contextmanager
def _asking_nothing(work: Path, source: str) -> Iterator[None]:
    """Whatever comes of the block, a build in it that asked for the network has failed."""
    try:
        yield
    finally:
        if (asked := work / no_network.ASKED).exists():
            wanted = dict.fromkeys(asked.read_text("utf-8").splitlines())
            raise AirgapError(
                "building the wheel",
                source,
                expected="a build from the source and the locked backends alone",
                found=f"it asked the network for {', '.join(wanted)}, which no lock names",
                remedy="exclude the package, or take a version that has a wheel"
                " or builds without a network",
            )


def _run_backend(python: Path, source: Path, work: Path) -> Path:
    (work / "tmp").mkdir()
    environment = {
        # No compiler is found by name, nor by the name that Python was built with.
        "PATH": str(python.parent),
        "CC": "false",
        "CXX": "false",
        "HOME": str(work),
        "TMPDIR": str(work / "tmp"),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": str(BLOB_MTIME),
        "PIP_CONFIG_FILE": os.devnull,
        # Nothing listens there: what is not Python and asks for the network fails at once.
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    command = [
        *(str(python), str(pip.home()), "wheel", f"--wheel-dir={work / 'built'}"),
        *("--no-build-isolation", "--no-deps", "--no-index", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-input", str(source)),
    ]
    ran = subprocess.run(
        command,
        cwd=work,
        env=environment,
        umask=0o022,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode != 0:
        raise AirgapError(
            "building the wheel",
            source.name,
            expected="a build without compiler and network to end well",
            found=("\n" + " " * 12).join(ran.stdout.strip().splitlines()[-12:]),
            remedy="add the backend that it asks for to the build backends' lock,"
            " or exclude the package",
        )
    (wheel,) = (work / "built").iterdir()
    return wheel


def _pack_anew(wheel: Path, packed: Path) -> None:
    """Copy a wheel's members, uncompressed, sorted, and with one date and two possible modes.

    Uncompressed because the implementations of zlib in use give different bytes; layers and
    transports compress anyway. RECORD stays valid, for it hashes contents only.
    """
    with ZipFile(wheel) as source, ZipFile(packed, "w", ZIP_STORED) as target:
        # The metadata comes last, as the binary distribution format recommends, and RECORD at
        # the very end.
        members = sorted(
            (member for member in source.infolist() if not member.is_dir()),
            key=lambda member: (
                ".dist-info/" in member.filename,
                member.filename.endswith(".dist-info/RECORD"),
                member.filename,
            ),
        )
        for member in members:
            entry = ZipInfo(member.filename, (1980, 1, 1, 0, 0, 0))
            # Unix, wherever this runs.
            entry.create_system = 3
            executable = (member.external_attr >> 16) & 0o100
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            target.writestr(entry, source.read(member))
